"""The tables, as SQLAlchemy Core declares them; the migrations must arrive at exactly these."""

from sqlalchemy import BigInteger, Column, Float, Index, MetaData, String, Table, Text

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

predictions = Table(
    "predictions",
    metadata,
    Column("id", String(36), primary_key=True, comment="UUID version 7: sorts by time"),
    Column("created_at", String(27), nullable=False, comment="UTC, ISO 8601 with microseconds and Z"),
    Column("request_id", String(64), nullable=False),
    Column("customer_id", String(64)),
    Column("model_name", String(64), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("profile", Text, nullable=False, comment="JSON: the validated inputs by wire alias"),
    Column("answer", Text, nullable=False, comment="JSON: the answer as it was sent"),
    Column("churn_probability", Float, nullable=False),
    Column("tier", String(6), nullable=False),
    Column("clv_cents", BigInteger, nullable=False),
    Column("monthly_charge_cents", BigInteger, comment="null when the minutes were not given"),
    Index(None, "customer_id", "id"),
)

customers = Table(
    "customers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("first_seen_at", String(27), nullable=False),
    Column("last_seen_at", String(27), nullable=False),
    Column("prediction_id", String(36), nullable=False, comment="the latest prediction"),
    Column("tier", String(6), nullable=False),
    Column("clv_cents", BigInteger, nullable=False),
    Column("monthly_charge_cents", BigInteger),
    sqlite_with_rowid=False,
)

portfolio = Table(
    "portfolio",
    metadata,
    Column("tier", String(6), primary_key=True),
    Column("customers", BigInteger, nullable=False),
    Column("clv_cents", BigInteger, nullable=False),
    Column("charged_customers", BigInteger, nullable=False, comment="customers whose monthly charge is known"),
    Column("monthly_charge_cents", BigInteger, nullable=False),
)
"""Sums over ``customers`` by tier, moved in the transaction that moves a customer, so that /stats never scans."""
