"""List customers by coarse steps of value: an index that a large file is written into in few places."""

import re
from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
ADDED = ("value_at_risk", "clv")
FILL_CUSTOMERS = """
    INSERT INTO customers (
        id, first_seen_at, last_seen_at, prediction_id, request_id, tier, churn_probability, clv_cents,
        value_at_risk_cents, monthly_charge_cents, outcome, outcome_on, value_band, segment,
        value_at_risk_step, clv_step
    )
    SELECT
        id, first_seen_at, last_seen_at, prediction_id, request_id, tier, churn_probability, clv_cents,
        value_at_risk_cents, monthly_charge_cents, outcome, outcome_on, value_band, segment,
        VALUE_AT_RISK_STEP, CLV_STEP
    FROM customers_old ORDER BY id
"""
LISTS = {
    "value_at_risk_step": ("value_at_risk_cents", "clv_cents"),
    "churn_probability": ("clv_cents",),
    "last_seen_at": ("clv_cents",),
    "clv_step": ("clv_cents",),
}
LISTS_BEFORE = {
    "value_at_risk_cents": ("clv_cents",),
    "churn_probability": ("clv_cents",),
    "last_seen_at": ("clv_cents",),
    "clv_cents": (),
}


def upgrade() -> None:
    """Make the table anew with the step of each amount, and put the steps before the id in the lists by value."""
    _drop_indexes(LISTS_BEFORE)
    if op.get_bind().dialect.name == "postgresql":
        # There the name of a primary key is taken for the whole schema.
        op.execute(sa.text("ALTER TABLE customers RENAME CONSTRAINT pk_customers TO pk_customers_old"))
    op.rename_table("customers", "customers_old")
    op.create_table(
        "customers", *_columns(), sa.PrimaryKeyConstraint("id", name="pk_customers"), sqlite_with_rowid=False
    )
    steps = {f"{name.upper()}_STEP": _step(f"{name}_cents") for name in ADDED}
    op.execute(sa.text(re.sub("[A-Z_]+_STEP", lambda found: steps[found[0]], FILL_CUSTOMERS)))
    op.drop_table("customers_old")
    _create_indexes(LISTS)


def downgrade() -> None:
    """Return to lists by the amounts themselves."""
    _drop_indexes(LISTS)
    for name in ADDED:
        op.drop_column("customers", f"{name}_step")
    _create_indexes(LISTS_BEFORE)


def _drop_indexes(lists: Iterable[str]) -> None:
    for column in lists:
        op.drop_index(f"ix_customers_by_{column}", "customers")


def _create_indexes(lists: dict[str, tuple[str, ...]]) -> None:
    for column, others in lists.items():
        columns = ["outcome", "tier", column, "id", *others, "value_band", "segment"]
        op.create_index(f"ix_customers_by_{column}", "customers", columns)


def _step(column: str) -> str:
    cases = (f"WHEN {column} < {128 << place} THEN {column} / {1 << place} + {64 * place}" for place in range(31))
    return f"CASE {' '.join(cases)} ELSE {128 + 64 * 30} END"


def _columns() -> list[sa.Column[object]]:
    return [
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
        sa.Column("value_band", sa.Integer, nullable=False, comment="its place among the policy's, lowest first"),
        sa.Column("segment", sa.Integer, nullable=False, comment="-1 for a customer who was scored without segments"),
        sa.Column("value_at_risk_step", sa.Integer, nullable=False, comment="app.db.steps: the order of its list"),
        sa.Column("clv_step", sa.Integer, nullable=False, comment="the same for lifetime values"),
    ]
