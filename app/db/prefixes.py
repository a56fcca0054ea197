"""Keys that begin alike, as a range that an index can walk."""

from typing import Any, Final

from sqlalchemy import ColumnElement

# No id holds a character beyond the Basic Multilingual Plane, so this ends every prefix.
_BEYOND: Final = "\U0010ffff"


def has_prefix(prefix: str, key: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    """Give the conditions for a key to begin so; none for an empty prefix."""
    return (key >= prefix, key < prefix + _BEYOND) if prefix else ()
