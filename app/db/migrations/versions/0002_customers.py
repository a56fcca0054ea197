"""Give customers what lists are sorted by and what became of them; keep the portfolio's days."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PAGE = 5_000
KEY = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
LISTS = {
    "value_at_risk_cents": ("clv_cents",),
    "churn_probability": ("clv_cents",),
    "last_seen_at": ("clv_cents",),
    "clv_cents": (),
}
OLD_CUSTOMERS = sa.table(
    "customers_0001",
    *map(sa.column, ("id", "first_seen_at", "last_seen_at", "prediction_id", "tier", "clv_cents",
                     "monthly_charge_cents")),
)  # fmt: skip
PREDICTIONS = sa.table("predictions", *map(sa.column, ("id", "request_id", "churn_probability")))
CUSTOMERS = sa.table(
    "customers",
    *map(sa.column, ("tier", "clv_cents", "monthly_charge_cents", "value_at_risk_cents", "last_seen_at")),
)
SUMS = ("customers", "clv_cents", "charged_customers", "monthly_charge_cents")


def upgrade() -> None:
    """Make the tables anew beside the old ones, fill them, and drop the old ones."""
    _set_aside("customers")
    _set_aside("portfolio")
    customers = op.create_table(
        "customers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("first_seen_at", sa.String(27), nullable=False),
        sa.Column("last_seen_at", sa.String(27), nullable=False),
        sa.Column("prediction_id", sa.String(36), nullable=False, comment="the latest prediction"),
        sa.Column("request_id", sa.String(64), nullable=False, comment="the request or job that gave it"),
        sa.Column("tier", sa.String(6), nullable=False),
        sa.Column("churn_probability", sa.Float, nullable=False),
        sa.Column("clv_cents", sa.BigInteger, nullable=False),
        sa.Column("value_at_risk_cents", sa.BigInteger, nullable=False),
        sa.Column("monthly_charge_cents", sa.BigInteger),
        sa.Column("outcome", sa.String(7), comment="stayed or churned; null until it is known"),
        sa.Column("outcome_on", sa.String(10), comment="the day it was observed, ISO 8601"),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sqlite_with_rowid=False,
    )
    for page in _filled_customers():
        op.bulk_insert(customers, page)
    for column, carried in LISTS.items():
        columns = ("outcome", "tier", column, "id", *carried)
        op.create_index(f"ix_customers_{'_'.join(columns)}", "customers", columns)
    portfolio = op.create_table(
        "portfolio",
        sa.Column("tier", sa.String(6), nullable=False),
        sa.Column(
            "customers", sa.BigInteger, nullable=False, comment="without those known to have left, as all sums here"
        ),
        sa.Column("clv_cents", sa.BigInteger, nullable=False),
        sa.Column("value_at_risk_cents", sa.BigInteger, nullable=False),
        sa.Column(
            "charged_customers", sa.BigInteger, nullable=False, comment="customers whose monthly charge is known"
        ),
        sa.Column("monthly_charge_cents", sa.BigInteger, nullable=False),
        sa.Column(
            "stayed_customers", sa.BigInteger, nullable=False, comment="of the customers, those known to have stayed"
        ),
        sa.Column("churned_customers", sa.BigInteger, nullable=False, comment="known to have left; in no other sum"),
        sa.Column("updated_at", sa.String(27), comment="null until the first customer"),
        sa.PrimaryKeyConstraint("tier", name="pk_portfolio"),
    )
    op.create_table(
        "portfolio_history",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("tier", sa.String(6), nullable=False),
        sa.Column("customers", sa.BigInteger, nullable=False),
        sa.Column("clv_cents", sa.BigInteger, nullable=False),
        sa.Column("value_at_risk_cents", sa.BigInteger, nullable=False),
        sa.Column("churned_customers", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("day", "tier", name="pk_portfolio_history"),
    )
    _count_again(portfolio)
    op.drop_table("customers_0001")
    op.drop_table("portfolio_0001")
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("predictions", "customer_id", type_=KEY)


def downgrade() -> None:
    """Return to the columns of 0001; outcomes and the portfolio's days are given up."""
    op.drop_table("portfolio_history")
    for column, carried in LISTS.items():
        op.drop_index(f"ix_customers_{'_'.join(('outcome', 'tier', column, 'id', *carried))}", "customers")
    for name in ("request_id", "churn_probability", "value_at_risk_cents", "outcome", "outcome_on"):
        op.drop_column("customers", name)
    for name in ("value_at_risk_cents", "stayed_customers", "churned_customers", "updated_at"):
        op.drop_column("portfolio", name)
    # Those known to have left count again.
    sums = {name: _counted(figure, "portfolio") for name, figure in _figures(CUSTOMERS).items() if name in SUMS}
    op.execute(sa.table("portfolio", *map(sa.column, SUMS)).update().values(sums))


def _set_aside(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        # There the name of a primary key is taken for the whole schema.
        op.execute(sa.text(f"ALTER TABLE {table} RENAME CONSTRAINT pk_{table} TO pk_{table}_0001"))
    op.rename_table(table, f"{table}_0001")


def _filled_customers() -> Iterator[list[dict[str, Any]]]:
    """Read the customers with what their latest prediction adds, in pages, so that memory stays small."""
    old, latest = OLD_CUSTOMERS.c, PREDICTIONS.c
    query = (
        sa.select(OLD_CUSTOMERS, latest.request_id, latest.churn_probability)
        .join(PREDICTIONS, latest.id == old.prediction_id)
        .order_by(old.id)
        .limit(PAGE)
    )
    last = None
    while True:
        page = query if last is None else query.where(old.id > last)
        rows = [dict(row) for row in op.get_bind().execute(page).mappings()]
        if not rows:
            return
        last = rows[-1]["id"]
        yield [{**row, "value_at_risk_cents": _value_at_risk_cents(row)} for row in rows]


def _value_at_risk_cents(row: dict[str, Any]) -> int:
    """Round as scoring does: the product in USD to cents, a tie to the even cent."""
    probability: float = row["churn_probability"]
    clv_usd: float = row["clv_cents"] / 100
    return round(probability * clv_usd * 100)


def _figures(customers: Any) -> dict[str, Any]:
    charge = customers.c.monthly_charge_cents
    return {
        "customers": sa.func.count(),
        "clv_cents": sa.func.sum(customers.c.clv_cents),
        "charged_customers": sa.func.count(charge),
        "monthly_charge_cents": sa.func.sum(charge),
    }


def _counted(figure: Any, sums: str) -> Any:
    """Compute a figure over the customers of the tier of each row of ``sums``."""
    own = CUSTOMERS.c.tier == sa.literal_column(f"{sums}.tier")
    return sa.select(sa.func.coalesce(figure, 0)).select_from(CUSTOMERS).where(own).scalar_subquery()


def _count_again(portfolio: sa.Table) -> None:
    own = CUSTOMERS.c.tier == sa.literal_column("portfolio_0001.tier")
    figures = {
        "tier": sa.literal_column("portfolio_0001.tier"),
        **{name: _counted(figure, "portfolio_0001") for name, figure in _figures(CUSTOMERS).items()},
        "value_at_risk_cents": _counted(sa.func.sum(CUSTOMERS.c.value_at_risk_cents), "portfolio_0001"),
        "stayed_customers": sa.literal_column("0"),
        "churned_customers": sa.literal_column("0"),
        "updated_at": sa.select(sa.func.max(CUSTOMERS.c.last_seen_at)).where(own).scalar_subquery(),
    }
    old = sa.select(*figures.values()).select_from(sa.text("portfolio_0001"))
    op.execute(portfolio.insert().from_select(list(figures), old))
