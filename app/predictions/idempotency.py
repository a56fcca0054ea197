"""Idempotency keys: a request that is sent again with its key makes nothing again."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.db.moments import timestamp
from app.db.tables import idempotency_keys, predictions
from app.errors import AnswerErased, FieldProblem, IdempotencyKeyReused, InvalidRequest
from app.predictions.store import insert_predictions

HEADER: Final = "Idempotency-Key"
KEPT: Final = timedelta(days=1)
_KEY: Final = re.compile("[!-~]{1,255}")
PARAMETER: Final[Mapping[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A key of your choice, new for each request: a retry with it makes nothing again for a day.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
"""The header in the OpenAPI document."""
_LARGEST_LOOK_UP: Final = 500
_INSERTS: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def read_key(text: str | None) -> str | None:
    """Check the header's value; None when it was not sent.

    Raises
    ------
    InvalidRequest
        It is empty, longer than 255 characters, or holds something that cannot be seen.
    """
    if text is None or _KEY.fullmatch(text):
        return text
    message = f"{HEADER} must be 1 to 255 visible ASCII characters"
    raise InvalidRequest([FieldProblem(HEADER, "not_a_key", message)])


def fingerprint(route: str, *parts: bytes) -> str:
    """Digest of a route and what was sent to it: the same for the same request."""
    digest = hashlib.sha256(route.encode())
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def find(connection: Connection, key: str, wanted: str) -> str | None:
    """Give what the key made, or None when it is new.

    Raises
    ------
    IdempotencyKeyReused
        The key belongs to another request.
    """
    found = connection.execute(select(idempotency_keys).where(idempotency_keys.c.key == key)).one_or_none()
    if found is None or found.created_at < _oldest(datetime.now(UTC)):
        return None
    if found.fingerprint != wanted:
        raise IdempotencyKeyReused
    return str(found.reference)


def claim(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Take a key in the caller's transaction, and drop those a day old; false when it is taken already."""
    expired = idempotency_keys.c.created_at < _oldest(datetime.fromisoformat(row["created_at"]))
    connection.execute(delete(idempotency_keys).where(expired))
    insert = _INSERTS[connection.dialect.name]
    # Not by rowcount: SQLAlchemy does not keep it for an INSERT on PostgreSQL.
    taken = insert(idempotency_keys).values(**row).on_conflict_do_nothing().returning(idempotency_keys.c.key)
    return connection.execute(taken).one_or_none() is not None


def _oldest(now: datetime) -> str:
    return timestamp(now - KEPT)


def insert_once(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> None:
    """Store each entry's predictions unless its key was used before; an entry is ``key_row`` and ``rows``."""
    for entry in entries:
        if claim(connection, entry["key_row"]):
            insert_predictions(connection, entry["rows"])


def read_answers(connection: Connection, reference: str) -> list[bytes]:
    """Read the answers a key made, in their order.

    Raises
    ------
    AnswerErased
        The customer has been erased since.
    """
    ids = reference.split()
    answers: dict[str, str] = {}
    for start in range(0, len(ids), _LARGEST_LOOK_UP):
        wanted = predictions.c.id.in_(ids[start : start + _LARGEST_LOOK_UP])
        found = connection.execute(select(predictions.c.id, predictions.c.answer).where(wanted))
        answers |= {row.id: row.answer for row in found}
    if len(answers) < len(ids):
        raise AnswerErased
    return [answers[prediction_id].encode() for prediction_id in ids]
