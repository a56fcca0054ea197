"""The log's clock: UTC days and moments in microseconds, and the day up to which a log is taken to reach."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from app.events.columns import DAY_US, SECOND_US, Micros

_EPOCH: Final = date(1970, 1, 1)


def day_of(ts: Micros) -> date:
    """Give the UTC day of a moment.

    Examples
    --------
    >>> day_of(0).isoformat(), day_of(DAY_US - 1).isoformat(), day_of(-1).isoformat()
    ('1970-01-01', '1970-01-01', '1969-12-31')
    """
    return _EPOCH + timedelta(days=ts // DAY_US)


def begin_of(day: date) -> Micros:
    """Give the first moment of a UTC day: what happened before it may be looked at.

    Examples
    --------
    >>> begin_of(date(1970, 1, 2)) == DAY_US
    True
    """
    return (day - _EPOCH).days * DAY_US


def clock_after(newest: Micros, today: date) -> date:
    """Give the day scores look from: the one after the newest event's, and never later than tomorrow.

    It is the log's own clock: a feed that stops does not make everybody a leaver, and a sender whose clock runs ahead
    does not make the others look silent.

    Examples
    --------
    >>> clock_after(0, date(2026, 1, 31)).isoformat(), clock_after(DAY_US, date(1970, 1, 1)).isoformat()
    ('1970-01-02', '1970-01-02')
    """
    return min(day_of(newest), today) + timedelta(days=1)


def days_between(ts: Micros, as_of: Micros) -> int:
    """Count the whole days without activity before a date: 0 for an event on the day before it.

    Examples
    --------
    >>> days_between(DAY_US - 1, DAY_US), days_between(0, 2 * DAY_US), days_between(5, 0)
    (0, 1, 0)
    """
    return max(int((as_of - 1 - ts) // DAY_US), 0)


def moment_text(ts: Micros) -> str:
    """Write a moment down, in ISO 8601 with microseconds and Z.

    Examples
    --------
    >>> moment_text(0), moment_text(-1)
    ('1970-01-01T00:00:00.000000Z', '1969-12-31T23:59:59.999999Z')
    """
    seconds, micros = divmod(ts, SECOND_US)
    whole = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    return whole.isoformat(timespec="microseconds").replace("+00:00", "Z")


def micros_of(moment: datetime) -> Micros:
    """Give the microseconds of a moment that knows its time zone.

    Examples
    --------
    >>> micros_of(datetime(1970, 1, 2, tzinfo=UTC)) == DAY_US
    True
    """
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds
