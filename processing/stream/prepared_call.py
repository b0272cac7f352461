"""Calls of an AWS operation with a ready-made JSON body, and a typed answer.

A boto3 client walks a request and a response member by member along the service model: for 500
records that is most of the time a call takes. This keeps everything else the client does
(credentials, signing, endpoints, retries, errors) and replaces the two walks.
"""

from __future__ import annotations

import threading
from typing import Any, Generic, TypeVar

import msgspec
from botocore.exceptions import ParamValidationError

T = TypeVar("T")


class PreparedCall(Generic[T]):
    """One operation of one client; safe to call from several threads.

    Args:
        client: a client of a service with a JSON protocol, made with ``parameter_validation=False``:
            there are no parameters to validate.
        operation: its name in the service model, e.g. ``PutRecords``.
        answer: type of the JSON response.

    Raises:
        ValueError: the client does not speak JSON.
    """

    def __init__(self, client: Any, operation: str, answer: type[T]) -> None:
        protocol = client.meta.service_model.resolved_protocol
        if protocol not in ("json", "rest-json"):
            raise ValueError(f"{operation}: the client speaks {protocol}, this needs a JSON protocol")
        self._client, self._operation = client, operation
        self._decoder = msgspec.json.Decoder(answer)
        self._call = threading.local()
        service = client.meta.service_model.service_id.hyphenize()
        events = client.meta.events
        events.register(f"before-call.{service}.{operation}", self._before_call)
        events.register(f"before-parse.{service}.{operation}", self._before_parse)

    def __call__(self, body: bytes) -> T:
        """Send `body`.

        Raises:
            ClientError: the service refused, as from the client's own method.
            BotoCoreError: the service could not be reached.
            ValueError: the client validates parameters.
            msgspec.ValidationError: the answer has another shape than `answer`.
        """
        self._call.body = body
        self._call.answer = None
        try:
            self._client._make_api_call(self._operation, {})
            answer: bytes = self._call.answer
        except ParamValidationError:
            need = "make the client with Config(parameter_validation=False)"
            raise ValueError(f"{self._operation}: {need}") from None
        finally:
            self._call.body = None
        return self._decoder.decode(answer)

    def _before_call(self, params: dict[str, Any], **_: Any) -> None:
        body = getattr(self._call, "body", None)
        if body is not None:
            params["body"] = body
            params["headers"].setdefault("Content-Type", "application/json")

    def _before_parse(self, response_dict: dict[str, Any], **_: Any) -> None:
        if getattr(self._call, "body", None) is not None and response_dict["status_code"] < 300:
            self._call.answer = response_dict["body"]
            response_dict["body"] = b"{}"
