"""The tables, as SQLAlchemy Core declares them; the migrations must arrive at exactly these."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
# Keys sort by their bytes on both databases, whatever language the database server speaks.
KEY = String(64).with_variant(String(64, collation="C"), "postgresql")
SESSION_KEY = String(128).with_variant(String(128, collation="C"), "postgresql")

predictions = Table(
    "predictions",
    metadata,
    Column("id", String(36), primary_key=True, comment="UUID version 7: sorts by time"),
    Column("created_at", String(27), nullable=False, comment="UTC, ISO 8601 with microseconds and Z"),
    Column("request_id", String(64), nullable=False),
    Column("customer_id", KEY),
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
    Column("id", KEY, primary_key=True),
    Column("first_seen_at", String(27), nullable=False),
    Column("last_seen_at", String(27), nullable=False),
    Column("prediction_id", String(36), nullable=False, comment="the latest prediction"),
    Column("request_id", String(64), nullable=False, comment="the request or job that gave it"),
    Column("tier", String(6), nullable=False),
    Column("churn_probability", Float, nullable=False),
    Column("clv_cents", BigInteger, nullable=False),
    Column("value_at_risk_cents", BigInteger, nullable=False),
    Column("monthly_charge_cents", BigInteger),
    Column("outcome", String(7), comment="stayed or churned; null until it is known"),
    Column("outcome_on", String(10), comment="the day it was observed, ISO 8601"),
    Column("value_band", Integer, nullable=False, comment="its place among the policy's, lowest first"),
    Column("segment", Integer, nullable=False, comment="-1 for a customer who was scored without segments"),
    Column("value_at_risk_step", Integer, nullable=False, comment="app.db.steps: the order of its list"),
    Column("clv_step", Integer, nullable=False, comment="the same for lifetime values"),
    # One list each: in its order from either end, and with all it is filtered by, so that no row is read to be skipped.
    *(
        Index(f"ix_customers_by_{column}", "outcome", "tier", column, "id", *others, "value_band", "segment")
        for column, others in (
            ("value_at_risk_step", ("value_at_risk_cents", "clv_cents")),
            ("churn_probability", ("clv_cents",)),
            ("last_seen_at", ("clv_cents",)),
            ("clv_step", ("clv_cents",)),
        )
    ),
    sqlite_with_rowid=False,
)

portfolio = Table(
    "portfolio",
    metadata,
    Column("tier", String(6), primary_key=True),
    Column("value_band", Integer, primary_key=True, autoincrement=False),
    Column("segment", Integer, primary_key=True, autoincrement=False),
    Column("customers", BigInteger, nullable=False, comment="without those known to have left, as all sums here"),
    Column("clv_cents", BigInteger, nullable=False),
    Column("value_at_risk_cents", BigInteger, nullable=False),
    Column("charged_customers", BigInteger, nullable=False, comment="customers whose monthly charge is known"),
    Column("monthly_charge_cents", BigInteger, nullable=False),
    Column("stayed_customers", BigInteger, nullable=False, comment="of the customers, those known to have stayed"),
    Column("churned_customers", BigInteger, nullable=False, comment="known to have left; in no other sum"),
    Column("updated_at", String(27), comment="null until the first customer"),
    Column("probability_millionths", BigInteger, nullable=False, comment="churn probabilities, each to six decimals"),
)
"""Sums over ``customers`` by tier, value band and segment, so that nothing that is shown of them needs a scan.

Moved in the transaction that moves a customer. There are few rows: one for each cell that ever had a customer, and one
a tier from the beginning.
"""

portfolio_history = Table(
    "portfolio_history",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("tier", String(6), primary_key=True),
    Column("customers", BigInteger, nullable=False),
    Column("clv_cents", BigInteger, nullable=False),
    Column("value_at_risk_cents", BigInteger, nullable=False),
    Column("churned_customers", BigInteger, nullable=False),
)
"""The portfolio as it closed on each UTC day on which it moved."""

mappings = Table(
    "mappings",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("created_at", String(27), nullable=False),
    Column("mapping", Text, nullable=False, comment="JSON: which column feeds which field, and how the file is read"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True, comment="UUID version 7: sorts by time"),
    Column("created_at", String(27), nullable=False),
    Column("started_at", String(27)),
    Column("finished_at", String(27)),
    Column("state", String(11), nullable=False),
    Column("reason", Text, comment="a sentence: why it failed or was interrupted"),
    Column("file_name", String(255), nullable=False),
    Column("file_bytes", BigInteger, nullable=False),
    Column("mapping", Text, nullable=False, comment="JSON, as in mappings"),
    Column("models", Text, nullable=False, comment="JSON: the versions that answer, fixed at the first start"),
    Column("rows_known", BigInteger, nullable=False, comment="line ends of the file; exact once it is read"),
    Column("rows_done", BigInteger, nullable=False, comment="records read and committed"),
    Column("counts", Text, nullable=False, comment="JSON: app.batch.progress.Counts"),
    Column("input_offset", BigInteger, nullable=False, comment="bytes of the upload that the counts vouch for"),
    Column(
        "input_line", BigInteger, nullable=False, comment="its physical line there, from 1; 0 before the first chunk"
    ),
    Column("results_bytes", BigInteger, nullable=False, comment="length of results.csv that the counts vouch for"),
    Column("errors_bytes", BigInteger, nullable=False),
    Column("active_seconds", Float, nullable=False, comment="time spent running, over all attempts"),
    Column("cancel_requested", Integer, nullable=False),
    Column(
        "attempt", Integer, nullable=False, comment="raised at each take-over: an older process can no longer commit"
    ),
    Column("stalled", Integer, nullable=False, comment="attempts since the last row was committed"),
    Column("kind", String(9), nullable=False, server_default="customers", comment="what the file holds"),
    Index(None, "state"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("created_at", String(27), nullable=False),
    Column("fingerprint", String(64), nullable=False, comment="SHA-256 of the route and the body"),
    Column("reference", Text, nullable=False, comment="what was made: prediction ids, or a job's id"),
    Index(None, "created_at"),
)
"""What a retry with the same key must not make again; kept for a day."""

events = Table(
    "events",
    metadata,
    Column("user_id", KEY, primary_key=True, comment="empty while nobody knows whose event it is"),
    Column("ts", BigInteger, primary_key=True, autoincrement=False, comment="microseconds since 1970, UTC"),
    Column("digest", BigInteger, primary_key=True, autoincrement=False, comment="63 bits of the event as it was sent"),
    Column("session_id", SESSION_KEY, nullable=False, comment="empty for none"),
    Column("item_in_session", Integer),
    Column("kind", String(32), nullable=False),
    Column("value", Float),
    Column("duration_seconds", Float),
    Column("item_id", String(128)),
    Column("level", String(32)),
    Column("is_blank", Integer, nullable=False, comment="1 when it was sent without a user; recovered if it has one"),
    Column("record", LargeBinary, nullable=False, comment="app.events.records: what features read, 56 bytes"),
    # An event is stored once, whoever it is found to belong to; also the way from a session to its events.
    Index("ix_events_session_id_ts_digest", "session_id", "ts", "digest", unique=True),
    Index(
        "ix_events_blank",
        "session_id",
        "user_id",
        sqlite_where=text("is_blank = 1"),
        postgresql_where=text("is_blank = 1"),
    ),
    sqlite_with_rowid=False,
)
"""The log, a user's events side by side in the order of time: a refresh reads one stretch of it."""

users = Table(
    "users",
    metadata,
    Column("id", KEY, primary_key=True),
    Column("first_ts", BigInteger, nullable=False, comment="of the oldest stored event, microseconds since 1970, UTC"),
    Column("last_ts", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False, comment="stored events that are this user's"),
    Column(
        "changes", BigInteger, nullable=False, comment="raised with each: a score counts for the events it has read"
    ),
    Column(
        "standing",
        String(9),
        nullable=False,
        comment="waiting until the first score; then active, inactive or cancelled",
    ),
    Column("as_of", String(10), comment="the day the latest score looks from; null until the first score"),
    Column("churn_probability", Float),
    Column("tier", String(6)),
    Column("model_version", String(64)),
    Column("scored_at", String(27)),
    Column("due", String(10), nullable=False, comment="empty when events came since the score, else its as_of"),
    # The ranked lists hold all that a page is filtered by, so that no row is read to be skipped.
    Index("ix_users_standing_tier_churn_probability_id", "standing", "tier", "churn_probability", "id"),
    Index("ix_users_standing_churn_probability_id", "standing", "churn_probability", "id"),
    Index("ix_users_due_id", "due", "id"),
    Index("ix_users_last_ts", "last_ts"),
    sqlite_with_rowid=False,
)
"""Users of the log with their latest score."""
