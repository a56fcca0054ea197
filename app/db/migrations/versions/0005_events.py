"""Store an event log and its users, and tell jobs that read customers from jobs that read events."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
SESSION_KEY = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
USER_INDEXES = (
    ("standing", "tier", "churn_probability", "id"),
    ("standing", "churn_probability", "id"),
    ("due", "id"),
    ("last_ts",),
)


def upgrade() -> None:
    """Create both tables; every job there is reads customers."""
    op.create_table(
        "events",
        sa.Column("user_id", KEY, nullable=False, comment="empty while nobody knows whose event it is"),
        sa.Column("ts", sa.BigInteger, nullable=False, autoincrement=False, comment="microseconds since 1970, UTC"),
        sa.Column(
            "digest", sa.BigInteger, nullable=False, autoincrement=False, comment="63 bits of the event as it was sent"
        ),
        sa.Column("session_id", SESSION_KEY, nullable=False, comment="empty for none"),
        sa.Column("item_in_session", sa.Integer),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("duration_seconds", sa.Float),
        sa.Column("item_id", sa.String(128)),
        sa.Column("level", sa.String(32)),
        sa.Column(
            "is_blank",
            sa.Integer,
            nullable=False,
            comment="1 when it was sent without a user; recovered if it has one",
        ),
        sa.Column("record", sa.LargeBinary, nullable=False, comment="app.events.records: what features read, 56 bytes"),
        sa.PrimaryKeyConstraint("user_id", "ts", "digest", name="pk_events"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_events_session_id_ts_digest", "events", ["session_id", "ts", "digest"], unique=True)
    blank = sa.text("is_blank = 1")
    op.create_index("ix_events_blank", "events", ["session_id", "user_id"], sqlite_where=blank, postgresql_where=blank)
    op.create_table(
        "users",
        sa.Column("id", KEY, nullable=False),
        sa.Column(
            "first_ts",
            sa.BigInteger,
            nullable=False,
            comment="of the oldest stored event, microseconds since 1970, UTC",
        ),
        sa.Column("last_ts", sa.BigInteger, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False, comment="stored events that are this user's"),
        sa.Column(
            "changes",
            sa.BigInteger,
            nullable=False,
            comment="raised with each: a score counts for the events it has read",
        ),
        sa.Column(
            "standing",
            sa.String(9),
            nullable=False,
            comment="waiting until the first score; then active, inactive or cancelled",
        ),
        sa.Column("as_of", sa.String(10), comment="the day the latest score looks from; null until the first score"),
        sa.Column("churn_probability", sa.Float),
        sa.Column("tier", sa.String(6)),
        sa.Column("model_version", sa.String(64)),
        sa.Column("scored_at", sa.String(27)),
        sa.Column(
            "due", sa.String(10), nullable=False, comment="empty when events came since the score, else its as_of"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sqlite_with_rowid=False,
    )
    for columns in USER_INDEXES:
        op.create_index(f"ix_users_{'_'.join(columns)}", "users", list(columns))
    op.add_column(
        "jobs",
        sa.Column("kind", sa.String(9), nullable=False, server_default="customers", comment="what the file holds"),
    )


def downgrade() -> None:
    """Return to the tables of 0004; the log and the jobs that read events are given up."""
    op.execute(sa.text("DELETE FROM jobs WHERE kind <> 'customers'"))
    op.drop_column("jobs", "kind")
    op.drop_table("users")
    op.drop_table("events")
