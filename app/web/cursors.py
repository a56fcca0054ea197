"""Cursors: where the next page of a list begins, opaque to the caller and refused when it is not this list's."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from app.errors import FieldProblem, InvalidRequest

_SEAL_BYTES: Final = 9
_LONGEST: Final = 1024


def seal(question: object, position: Sequence[Any]) -> str:
    """Write down the position of a page's last entry in the list that ``question`` asks for."""
    written = json.dumps(position, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_digest(question, written) + written).decode().rstrip("=")


def unseal(question: object, cursor: str | None) -> list[Any] | None:
    """Read a cursor that ``seal`` made for the same question; None for none.

    Raises
    ------
    InvalidRequest
        It was altered, or belongs to a list with other filters or another order.
    """
    if not cursor:
        return None
    try:
        if len(cursor) <= _LONGEST:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            if raw[:_SEAL_BYTES] == _digest(question, raw[_SEAL_BYTES:]):
                return list(json.loads(raw[_SEAL_BYTES:]))
    except (binascii.Error, ValueError):
        pass
    message = "The cursor is not from this list: leave it out to begin at the first page"
    raise InvalidRequest([FieldProblem("cursor", "not_a_cursor", message)])


def _digest(question: object, written: bytes) -> bytes:
    # Not a secret: it tells a cursor of this list from anything else, and a position is nothing to protect.
    return hashlib.blake2b(repr(question).encode() + b"\0" + written, digest_size=_SEAL_BYTES).digest()
