"""Give customers a value band and a segment, and sum the portfolio by both."""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
LISTS = {
    "value_at_risk_cents": ("clv_cents",),
    "churn_probability": ("clv_cents",),
    "last_seen_at": ("clv_cents",),
    "clv_cents": (),
}
ADDED = ("value_band", "segment")
# The answer says the band in a word, in full and in short alike.
FILL_CUSTOMERS = """
    INSERT INTO customers (
        id, first_seen_at, last_seen_at, prediction_id, request_id, tier, churn_probability, clv_cents,
        value_at_risk_cents, monthly_charge_cents, outcome, outcome_on, value_band, segment
    )
    SELECT
        old.id, old.first_seen_at, old.last_seen_at, old.prediction_id, old.request_id, old.tier,
        old.churn_probability, old.clv_cents, old.value_at_risk_cents, old.monthly_charge_cents, old.outcome,
        old.outcome_on, CASE VALUE_BAND WHEN 'high' THEN 1 ELSE 0 END, -1
    FROM customers_old AS old JOIN predictions ON predictions.id = old.prediction_id
    ORDER BY old.id
"""
VALUE_BAND = {
    "sqlite": "json_extract(predictions.answer, '$.value_band')",
    "postgresql": "(CAST(predictions.answer AS json) ->> 'value_band')",
}
# A row of zeros a tier to begin with; a tier that its last customer has left keeps when it moved.
BEGIN_PORTFOLIO = """
    INSERT INTO portfolio
    SELECT tier, 0, -1, 0, 0, 0, 0, 0, 0, 0, updated_at, 0 FROM portfolio_old
"""
# When a cell moved is only known of its tier.
COUNT_PORTFOLIO = """
    INSERT INTO portfolio
    SELECT
        tier, value_band, segment,
        sum(CASE WHEN outcome = 'churned' THEN 0 ELSE 1 END),
        sum(CASE WHEN outcome = 'churned' THEN 0 ELSE clv_cents END),
        sum(CASE WHEN outcome = 'churned' THEN 0 ELSE value_at_risk_cents END),
        sum(CASE WHEN outcome = 'churned' OR monthly_charge_cents IS NULL THEN 0 ELSE 1 END),
        sum(CASE WHEN outcome = 'churned' THEN 0 ELSE coalesce(monthly_charge_cents, 0) END),
        sum(CASE WHEN outcome = 'stayed' THEN 1 ELSE 0 END),
        sum(CASE WHEN outcome = 'churned' THEN 1 ELSE 0 END),
        (SELECT max(updated_at) FROM portfolio_old WHERE portfolio_old.tier = customers.tier),
        sum(CASE WHEN outcome = 'churned' THEN 0 ELSE CAST(round(churn_probability * 1000000) AS BIGINT) END)
    FROM customers GROUP BY tier, value_band, segment
    ON CONFLICT (tier, value_band, segment) DO UPDATE SET
        customers = excluded.customers,
        clv_cents = excluded.clv_cents,
        value_at_risk_cents = excluded.value_at_risk_cents,
        charged_customers = excluded.charged_customers,
        monthly_charge_cents = excluded.monthly_charge_cents,
        stayed_customers = excluded.stayed_customers,
        churned_customers = excluded.churned_customers,
        probability_millionths = excluded.probability_millionths
"""
SUM_TIERS = """
    INSERT INTO portfolio
    SELECT
        tier, sum(customers), sum(clv_cents), sum(value_at_risk_cents), sum(charged_customers),
        sum(monthly_charge_cents), sum(stayed_customers), sum(churned_customers), max(updated_at)
    FROM portfolio_old GROUP BY tier
"""


def upgrade() -> None:
    """Make both tables anew beside the old ones, fill them, and drop the old ones."""
    for table in ("customers", "portfolio"):
        _set_aside(table)
    op.create_table(
        "customers",
        *_customer_columns(),
        sa.Column("value_band", sa.Integer, nullable=False, comment="its place among the policy's, lowest first"),
        sa.Column("segment", sa.Integer, nullable=False, comment="-1 for a customer who was scored without segments"),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sqlite_with_rowid=False,
    )
    op.execute(sa.text(FILL_CUSTOMERS.replace("VALUE_BAND", VALUE_BAND[op.get_bind().dialect.name])))
    op.drop_table("customers_old")
    for column, others in LISTS.items():
        op.create_index(f"ix_customers_by_{column}", "customers", ["outcome", "tier", column, "id", *others, *ADDED])
    op.create_table(
        "portfolio",
        sa.Column("tier", sa.String(6), nullable=False),
        sa.Column("value_band", sa.Integer, nullable=False),
        sa.Column("segment", sa.Integer, nullable=False),
        *_sums_columns(),
        sa.Column(
            "probability_millionths",
            sa.BigInteger,
            nullable=False,
            comment="churn probabilities, each to six decimals",
        ),
        sa.PrimaryKeyConstraint("tier", *ADDED, name="pk_portfolio"),
    )
    for statement in (BEGIN_PORTFOLIO, COUNT_PORTFOLIO):
        op.execute(sa.text(statement))
    op.drop_table("portfolio_old")


def downgrade() -> None:
    """Return to the columns of 0003; segments are given up, value bands stay in the answers."""
    for column in LISTS:
        op.drop_index(f"ix_customers_by_{column}", "customers")
    for column in ADDED:
        op.drop_column("customers", column)
    for column, others in LISTS.items():
        columns = ("outcome", "tier", column, "id", *others)
        op.create_index(f"ix_customers_{'_'.join(columns)}", "customers", columns)
    _set_aside("portfolio")
    op.create_table(
        "portfolio",
        sa.Column("tier", sa.String(6), nullable=False),
        *_sums_columns(),
        sa.PrimaryKeyConstraint("tier", name="pk_portfolio"),
    )
    op.execute(sa.text(SUM_TIERS))
    op.drop_table("portfolio_old")


def _set_aside(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        # There the name of a primary key is taken for the whole schema.
        op.execute(sa.text(f"ALTER TABLE {table} RENAME CONSTRAINT pk_{table} TO pk_{table}_old"))
    op.rename_table(table, f"{table}_old")


def _customer_columns() -> Iterable[sa.Column[object]]:
    return (
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
    )


def _sums_columns() -> Iterable[sa.Column[object]]:
    return (
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
    )
