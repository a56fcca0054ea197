"""The portfolio's sums: moved with every customer that joins, changes or goes, and kept as they closed on each day."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, bindparam, case, func, insert, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.expression import ClauseElement

from app.db.prepared import Prepared
from app.db.tables import portfolio, portfolio_history

Outcome = Literal["stayed", "churned"]
STAYED: Final = "stayed"
CHURNED: Final = "churned"
MOST_DAYS: Final = 400

CELL: Final = ("tier", "value_band", "segment")
SUMMED: Final = (
    "outcome",
    *CELL,
    "clv_cents",
    "value_at_risk_cents",
    "monthly_charge_cents",
    "churn_probability",
)
"""What decides where a customer counts, and by how much."""
_MILLION: Final = 1e6
_SUMS: Final = (
    "customers",
    "clv_cents",
    "value_at_risk_cents",
    "charged_customers",
    "monthly_charge_cents",
    "stayed_customers",
    "churned_customers",
    "probability_millionths",
)
_NOTHING: Final = dict.fromkeys(_SUMS, 0)
_DAILY: Final = ("customers", "clv_cents", "value_at_risk_cents", "churned_customers")
_LENGTH_OF_DAY: Final = len("2026-01-31")
_CLOSED: Final = "portfolio closed before"


def _shift(add: Any) -> ClauseElement:
    """Add to a cell of the portfolio, or begin it."""
    added = add(portfolio)
    new, old = added.excluded, portfolio.c
    return added.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=CELL,
        set_={
            **{name: old[name] + new[name] for name in _SUMS},
            # A frame that was scored before another may be stored after it.
            "updated_at": case((old.updated_at > new.updated_at, old.updated_at), else_=new.updated_at),
        },
    )


_SHIFT: Final = Prepared({"sqlite": _shift(sqlite.insert), "postgresql": _shift(postgresql.insert)})
_last_moved = select(func.max(portfolio.c.updated_at)).scalar_subquery()
_last_day = func.substr(_last_moved, literal_column("1"), literal_column(str(_LENGTH_OF_DAY)))
_CLOSE: Final = Prepared(
    insert(portfolio_history).from_select(
        ["day", "tier", *_DAILY],
        select(_last_day, portfolio.c.tier, *(func.sum(portfolio.c[name]) for name in _DAILY))
        .where(
            _last_moved < bindparam("today"),
            ~select(literal_column("1")).where(portfolio_history.c.day == _last_day).exists(),
        )
        .group_by(portfolio.c.tier),
    )
)


class Shifts:
    """What one transaction moves, gathered by cell."""

    def __init__(self) -> None:
        self._by_cell: dict[tuple[str, int, int], dict[str, Any]] = {}

    def move(
        self,
        sign: int,
        outcome: str | None,
        tier: str,
        value_band: int,
        segment: int,
        clv_cents: int,
        value_at_risk_cents: int,
        monthly_charge_cents: int | None,
        churn_probability: float,
    ) -> None:
        """Let a customer, by the columns ``SUMMED``, join (1) or leave (-1) the sums of a cell."""
        cell = (tier, value_band, segment)
        sums = self._by_cell.get(cell)
        if sums is None:
            sums = self._by_cell[cell] = {"tier": tier, "value_band": value_band, "segment": segment, **_NOTHING}
        if outcome == CHURNED:
            sums["churned_customers"] += sign
            return
        sums["customers"] += sign
        sums["clv_cents"] += sign * clv_cents
        sums["value_at_risk_cents"] += sign * value_at_risk_cents
        if monthly_charge_cents is not None:
            sums["charged_customers"] += sign
            sums["monthly_charge_cents"] += sign * monthly_charge_cents
        if outcome is not None:
            sums["stayed_customers"] += sign
        sums["probability_millionths"] += sign * round(churn_probability * _MILLION)

    def apply(self, connection: Connection, now: str) -> None:
        """Move the stored sums; the first that moves them on a new UTC day keeps how the day before closed."""
        if not self._by_cell:
            return
        _close_day_before(connection, now[:_LENGTH_OF_DAY])
        moved = list(self._by_cell.values())
        for sums in moved:
            sums["updated_at"] = now
        _SHIFT.many(connection, moved)


def _close_day_before(connection: Connection, today: str) -> None:
    """Keep how the last day closed, if ``today`` is the first after it; asked once a day and connection."""
    known, transaction = connection.info.get(_CLOSED, ("", None))
    if known >= today:
        return
    closed = _CLOSE.one(connection, {"today": today}).rowcount
    current = connection.get_transaction()
    # What this transaction wrote itself may be taken back: only what it found when it began is known for good.
    connection.info[_CLOSED] = (today if not closed and transaction is not current else known, current)


def read_portfolio(connection: Connection) -> Sequence[Row[Any]]:
    """Read the sums of every cell that ever had a customer: a few dozen rows, whatever the number of customers."""
    return connection.execute(select(portfolio)).all()


def read_days(connection: Connection) -> Sequence[Row[Any]]:
    """Read the closing figures of the latest days, one row a day and tier, oldest first."""
    days = select(portfolio_history.c.day).distinct().order_by(portfolio_history.c.day.desc()).limit(MOST_DAYS - 1)
    kept = portfolio_history.c.day.in_(days.scalar_subquery())
    return connection.execute(select(portfolio_history).where(kept).order_by(portfolio_history.c.day)).all()
