"""The portfolio's sums: moved with every customer that joins, changes or goes, and kept as they closed on each day."""

from collections.abc import Sequence
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, bindparam, case, func, insert, literal_column, select, update

from app.db.prepared import Prepared
from app.db.tables import portfolio, portfolio_history

Outcome = Literal["stayed", "churned"]
STAYED: Final = "stayed"
CHURNED: Final = "churned"
MOST_DAYS: Final = 400

_SUMS: Final = (
    "customers",
    "clv_cents",
    "value_at_risk_cents",
    "charged_customers",
    "monthly_charge_cents",
    "stayed_customers",
    "churned_customers",
)
_DAILY: Final = ("tier", "customers", "clv_cents", "value_at_risk_cents", "churned_customers")
_LENGTH_OF_DAY: Final = len("2026-01-31")
_CLOSED: Final = "portfolio closed before"

_SHIFT: Final = Prepared(
    update(portfolio)
    .where(portfolio.c.tier == bindparam("key"))
    .values(
        {
            **{name: portfolio.c[name] + bindparam(f"d_{name}") for name in _SUMS},
            # A frame that was scored before another may be stored after it.
            "updated_at": case(
                (portfolio.c.updated_at > bindparam("now"), portfolio.c.updated_at), else_=bindparam("and_now")
            ),
        }
    )
)
_last_moved = select(func.max(portfolio.c.updated_at)).scalar_subquery()
_last_day = func.substr(_last_moved, literal_column("1"), literal_column(str(_LENGTH_OF_DAY)))
_CLOSE: Final = Prepared(
    insert(portfolio_history).from_select(
        ["day", *_DAILY],
        select(_last_day, *(portfolio.c[name] for name in _DAILY)).where(
            _last_moved < bindparam("today"),
            ~select(literal_column("1")).where(portfolio_history.c.day == _last_day).exists(),
        ),
    )
)


class Shifts:
    """What one transaction moves, gathered by tier."""

    def __init__(self) -> None:
        self._by_tier: dict[str, list[int]] = {}

    def move(
        self,
        sign: int,
        tier: str,
        clv_cents: int,
        value_at_risk_cents: int,
        monthly_charge_cents: int | None,
        outcome: str | None,
    ) -> None:
        """Let a customer join (1) or leave (-1) the sums of a tier, as their outcome has it."""
        sums = self._by_tier.get(tier)
        if sums is None:
            sums = self._by_tier[tier] = [0] * len(_SUMS)
        if outcome == CHURNED:
            sums[6] += sign
            return
        sums[0] += sign
        sums[1] += sign * clv_cents
        sums[2] += sign * value_at_risk_cents
        if monthly_charge_cents is not None:
            sums[3] += sign
            sums[4] += sign * monthly_charge_cents
        if outcome is not None:
            sums[5] += sign

    def apply(self, connection: Connection, now: str) -> None:
        """Move the stored sums; the first that moves them on a new UTC day keeps how the day before closed."""
        if not self._by_tier:
            return
        _close_day_before(connection, now[:_LENGTH_OF_DAY])
        names = [f"d_{name}" for name in _SUMS]
        moved = [
            {"key": tier, "now": now, "and_now": now, **dict(zip(names, sums, strict=True))}
            for tier, sums in self._by_tier.items()
        ]
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
    """Read the sums of every tier: three rows, whatever the number of customers."""
    return connection.execute(select(portfolio)).all()


def read_days(connection: Connection) -> Sequence[Row[Any]]:
    """Read the closing figures of the latest days, one row a day and tier, oldest first."""
    days = select(portfolio_history.c.day).distinct().order_by(portfolio_history.c.day.desc()).limit(MOST_DAYS - 1)
    kept = portfolio_history.c.day.in_(days.scalar_subquery())
    return connection.execute(select(portfolio_history).where(kept).order_by(portfolio_history.c.day)).all()
