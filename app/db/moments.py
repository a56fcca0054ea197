"""Moments as the tables hold them: texts of one length that sort by time."""

from datetime import UTC, datetime


def timestamp(moment: datetime) -> str:
    """Write a moment in UTC down, in ISO 8601 with microseconds and Z.

    Examples
    --------
    >>> timestamp(datetime(2026, 1, 31, tzinfo=UTC))
    '2026-01-31T00:00:00.000000Z'
    """
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def now() -> str:
    """Write the present moment down."""
    return timestamp(datetime.now(UTC))
