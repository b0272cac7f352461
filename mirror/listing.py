"""What every List operation shares: time filters, sorting, and pages with opaque tokens."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence

from mirror.api import Document, ServiceError
from mirror.timestamps import moment

DEFAULT_PAGE = 100


def between(
    documents: Iterable[Document], params: Document, bounds: dict[str, tuple[str, str]]
) -> list[Document]:
    """Documents whose times lie strictly inside the request's bounds.

    Args:
        bounds: document field → (name of the "after" parameter, name of the "before" parameter).
    """
    kept = list(documents)
    for field, (after, before) in bounds.items():
        if params.get(after) is not None:
            earliest = moment(params[after])
            kept = [document for document in kept if document[field] > earliest]
        if params.get(before) is not None:
            latest = moment(params[before])
            kept = [document for document in kept if document[field] < latest]
    return kept


def arrange(
    documents: Iterable[Document], params: Document, fields: dict[str, str], default: str
) -> list[Document]:
    """Documents in the order of ``SortBy`` (a key of `fields`) and ``SortOrder`` (newest first)."""
    field = fields[params.get("SortBy", default)]
    descending = params.get("SortOrder", "Descending") == "Descending"
    return sorted(documents, key=lambda document: document[field], reverse=descending)


def page(items: Sequence[Document], params: Document, result: str) -> Document:
    """The requested page as ``{result: [...], "NextToken": ...}``; the token is left out at the end.

    Raises:
        ServiceError: ``NextToken`` is not one that an earlier page returned.
    """
    start = _offset(params.get("NextToken"))
    end = start + int(params.get("MaxResults", DEFAULT_PAGE))
    answer: Document = {result: list(items[start:end])}
    if end < len(items):
        answer["NextToken"] = base64.urlsafe_b64encode(f"offset:{end}".encode()).decode()
    return answer


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        prefix, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
        if prefix == "offset":
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise ServiceError("ValidationException", "NextToken: use the token of the previous page unchanged")
