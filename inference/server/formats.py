"""Bodies: transactions in JSON, JSON Lines or CSV, and the answers to them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from inference.answers import Answer
from inference.server.errors import RefusedError, error_document
from processing.events import RejectedRecord, Transaction, decode_transaction

JSON = "application/json"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"
_ALIASES = {"application/x-ndjson": JSON_LINES, "application/x-jsonlines": JSON_LINES}
MEDIA_TYPES = (JSON, JSON_LINES, CSV)

MAX_RECORD_BYTES = 256 * 1024
MAX_BATCH = 10_000

CSV_COLUMNS = (
    "transaction_id",
    "user_id",
    "merchant_id",
    "amount",
    "currency",
    "timestamp",
    "lat",
    "lon",
    "country",
    "device",
    "channel",
    "status",
)
CSV_REQUIRED = 6
CSV_ANSWER = ("transaction_id", "decision", "score", "decided_by", "decision_id", "reasons", "error")

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_encode = msgspec.json.Encoder().encode

Outcome = Answer | RejectedRecord
Item = Transaction | RejectedRecord


class Batch(NamedTuple):
    """Transactions of one request, in its order; one that is wrong is the reason why."""

    items: list[Item]
    media_type: str


def media_type(given: str) -> str:
    """The body's format.

    Raises:
        RefusedError: none of those that are understood.
    """
    known = _ALIASES.get(given, given)
    if known not in MEDIA_TYPES:
        raise RefusedError(
            415, "Content-Type", f"content type {given or 'none'}: send one of {', '.join(MEDIA_TYPES)}"
        )
    return known


def answer_type(accept: str, given: str) -> str:
    """The format of the answer: what `accept` names, or that of the body.

    Raises:
        RefusedError: `accept` names a format that is not offered.
    """
    wanted = _ALIASES.get(accept, accept)
    if wanted in ("", "*/*", "application/*"):
        return given
    if wanted not in MEDIA_TYPES:
        raise RefusedError(415, "Accept", f"{accept}: ask for one of {', '.join(MEDIA_TYPES)}")
    return wanted


def is_single(body: bytes, given: str) -> bool:
    """Whether a body holds one JSON object, which is decided on its own."""
    return given == JSON and body[:1] != b"[" and not body.lstrip().startswith(b"[")


def one(body: bytes, now_ms: int, replay: bool) -> Transaction:
    """The transaction of a request for one decision.

    Raises:
        RefusedError: 400 for what is no JSON object, 422 with the field that is wrong.
    """
    if len(body) > MAX_RECORD_BYTES:
        raise RefusedError(413, "body", f"the transaction is larger than {MAX_RECORD_BYTES} bytes")
    try:
        return decode_transaction(body, now_ms, replay)
    except RejectedRecord as error:
        raise RefusedError(400 if error.field is None else 422, error.field, error.message) from error


def many(body: bytes, given: str, now_ms: int, replay: bool) -> Batch:
    """The transactions of a batch.

    Raises:
        RefusedError: the batch as a whole cannot be read, is empty, or has more than `MAX_BATCH`.
    """
    records = {JSON: _array, JSON_LINES: _lines, CSV: _rows}[given](body)
    if not records:
        raise RefusedError(400, "body", "the batch is empty: send at least one transaction")
    if len(records) > MAX_BATCH:
        raise RefusedError(413, "body", f"{len(records)} transactions: send at most {MAX_BATCH}")
    return Batch([_item(record, now_ms, replay) for record in records], given)


def encode_one(answer: Answer, wanted: str) -> bytes:
    """One answer in the format that is wanted."""
    if wanted == CSV:
        return _csv([answer])
    return _encode(answer) + (b"\n" if wanted == JSON_LINES else b"")


def encode_many(outcomes: Sequence[Outcome], wanted: str) -> bytes:
    """The outcomes of a batch, one for each of its transactions, in their order."""
    if wanted == CSV:
        return _csv(outcomes)
    documents = [_error(outcome) if isinstance(outcome, RejectedRecord) else outcome for outcome in outcomes]
    if wanted == JSON:
        return _encode(documents)
    return b"".join(_encode(document) + b"\n" for document in documents)


def _item(record: bytes, now_ms: int, replay: bool) -> Item:
    if len(record) > MAX_RECORD_BYTES:
        message = f"the transaction is larger than {MAX_RECORD_BYTES} bytes"
        return RejectedRecord("schema-errors", None, message)
    try:
        return decode_transaction(record, now_ms, replay)
    except RejectedRecord as error:
        return error


def _array(body: bytes) -> list[bytes]:
    try:
        body.decode()
        return [bytes(raw) for raw in _raw_list.decode(body)]
    except UnicodeDecodeError as error:
        raise RefusedError(400, "body", f"invalid UTF-8 at byte {error.start}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusedError(400, "body", f"not a JSON array of transactions: {error}") from error


def _lines(body: bytes) -> list[bytes]:
    return [line for line in body.splitlines() if line.strip()]


def _rows(body: bytes) -> list[bytes]:
    """Rows of CSV as JSON objects, so that the same checks hold for both."""
    try:
        text = body.decode()
        rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    except UnicodeDecodeError as error:
        raise RefusedError(400, "body", f"invalid UTF-8 at byte {error.start}") from error
    except csv.Error as error:
        raise RefusedError(400, "body", f"not valid CSV: {error}") from error
    columns: Sequence[str] = CSV_COLUMNS
    if rows and "transaction_id" in rows[0]:
        columns = rows.pop(0)
        unknown = [name for name in columns if name not in CSV_COLUMNS]
        if unknown or len(set(columns)) < len(columns):
            what = f"unknown column {unknown[0]!r}" if unknown else "a column is named twice"
            raise RefusedError(400, "body", f"{what}; columns are {', '.join(CSV_COLUMNS)}")
    for number, row in enumerate(rows, 1):
        if not min(CSV_REQUIRED, len(columns)) <= len(row) <= len(columns):
            raise RefusedError(
                400,
                "body",
                f"row {number} has {len(row)} values; without a header line a row has up to "
                f"{len(CSV_COLUMNS)}: {', '.join(CSV_COLUMNS)}",
            )
    return [_row_object(dict(zip(columns, row, strict=False))) for row in rows]


def _row_object(row: dict[str, str]) -> bytes:
    document: dict[str, object] = {
        name: value for name, value in row.items() if value and name not in ("lat", "lon")
    }
    if "amount" in document:
        document["amount"] = _literal(row["amount"])
    place = {name: _literal(row[name]) for name in ("lat", "lon") if row.get(name)}
    if place:
        document["location"] = place
    return _encode(document)


def _literal(text: str) -> msgspec.Raw | str:
    """A number as it is written; anything else stays text, and is refused as such."""
    return msgspec.Raw(text.encode()) if _NUMBER.fullmatch(text.strip()) else text


def _error(rejected: RejectedRecord) -> dict[str, dict[str, str | None]]:
    return error_document(rejected.field, rejected.message)


def _csv(outcomes: Sequence[Outcome]) -> bytes:
    """A row for each outcome, without a header, as Batch Transform joins them with its input."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for outcome in outcomes:
        if isinstance(outcome, RejectedRecord):
            where = f"{outcome.field}: " if outcome.field else ""
            writer.writerow(["", "", "", "", "", "", where + outcome.message])
        else:
            writer.writerow(
                [
                    outcome.transaction_id,
                    outcome.decision,
                    "" if outcome.score is None else repr(outcome.score),
                    outcome.decided_by,
                    outcome.decision_id,
                    "; ".join(reason.text for reason in outcome.reasons),
                    "",
                ]
            )
    return text.getvalue().encode()
