"""Store predictions, the customers they are about, and the portfolio's sums."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIERS = ("Low", "Medium", "High")


def upgrade() -> None:
    """Create the three tables and one row of sums for each tier."""
    op.create_table(
        "predictions",
        sa.Column("id", sa.String(36), nullable=False, comment="UUID version 7: sorts by time"),
        sa.Column("created_at", sa.String(27), nullable=False, comment="UTC, ISO 8601 with microseconds and Z"),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("customer_id", sa.String(64)),
        sa.Column("model_name", sa.String(64), nullable=False),
        sa.Column("model_version", sa.String(64), nullable=False),
        sa.Column("profile", sa.Text, nullable=False, comment="JSON: the validated inputs by wire alias"),
        sa.Column("answer", sa.Text, nullable=False, comment="JSON: the answer as it was sent"),
        sa.Column("churn_probability", sa.Float, nullable=False),
        sa.Column("tier", sa.String(6), nullable=False),
        sa.Column("clv_cents", sa.BigInteger, nullable=False),
        sa.Column("monthly_charge_cents", sa.BigInteger, comment="null when the minutes were not given"),
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
    )
    op.create_index("ix_predictions_customer_id_id", "predictions", ["customer_id", "id"])
    op.create_table(
        "customers",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("first_seen_at", sa.String(27), nullable=False),
        sa.Column("last_seen_at", sa.String(27), nullable=False),
        sa.Column("prediction_id", sa.String(36), nullable=False, comment="the latest prediction"),
        sa.Column("tier", sa.String(6), nullable=False),
        sa.Column("clv_cents", sa.BigInteger, nullable=False),
        sa.Column("monthly_charge_cents", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sqlite_with_rowid=False,
    )
    sums = op.create_table(
        "portfolio",
        sa.Column("tier", sa.String(6), nullable=False),
        sa.Column("customers", sa.BigInteger, nullable=False),
        sa.Column("clv_cents", sa.BigInteger, nullable=False),
        sa.Column(
            "charged_customers", sa.BigInteger, nullable=False, comment="customers whose monthly charge is known"
        ),
        sa.Column("monthly_charge_cents", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tier", name="pk_portfolio"),
    )
    zero = {"customers": 0, "clv_cents": 0, "charged_customers": 0, "monthly_charge_cents": 0}
    op.bulk_insert(sums, [{"tier": tier, **zero} for tier in TIERS])


def downgrade() -> None:
    """Drop what this step created."""
    for table in ("portfolio", "customers", "predictions"):
        op.drop_table(table)
