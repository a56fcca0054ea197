"""Store files' mappings and jobs, and the keys that keep a retry from doubling."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "mappings",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column(
            "mapping", sa.Text, nullable=False, comment="JSON: which column feeds which field, and how the file is read"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mappings"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), nullable=False, comment="UUID version 7: sorts by time"),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("started_at", sa.String(27)),
        sa.Column("finished_at", sa.String(27)),
        sa.Column("state", sa.String(11), nullable=False),
        sa.Column("reason", sa.Text, comment="a sentence: why it failed or was interrupted"),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("file_bytes", sa.BigInteger, nullable=False),
        sa.Column("mapping", sa.Text, nullable=False, comment="JSON, as in mappings"),
        sa.Column(
            "models", sa.Text, nullable=False, comment="JSON: the versions that answer, fixed at the first start"
        ),
        sa.Column("rows_known", sa.BigInteger, nullable=False, comment="line ends of the file; exact once it is read"),
        sa.Column("rows_done", sa.BigInteger, nullable=False, comment="records read and committed"),
        sa.Column("counts", sa.Text, nullable=False, comment="JSON: app.batch.progress.Counts"),
        sa.Column(
            "input_offset", sa.BigInteger, nullable=False, comment="bytes of the upload that the counts vouch for"
        ),
        sa.Column(
            "input_line",
            sa.BigInteger,
            nullable=False,
            comment="its physical line there, from 1; 0 before the first chunk",
        ),
        sa.Column(
            "results_bytes", sa.BigInteger, nullable=False, comment="length of results.csv that the counts vouch for"
        ),
        sa.Column("errors_bytes", sa.BigInteger, nullable=False),
        sa.Column("active_seconds", sa.Float, nullable=False, comment="time spent running, over all attempts"),
        sa.Column("cancel_requested", sa.Integer, nullable=False),
        sa.Column(
            "attempt",
            sa.Integer,
            nullable=False,
            comment="raised at each take-over: an older process can no longer commit",
        ),
        sa.Column("stalled", sa.Integer, nullable=False, comment="attempts since the last row was committed"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state", "jobs", ["state"])
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False, comment="SHA-256 of the route and the body"),
        sa.Column("reference", sa.Text, nullable=False, comment="what was made: prediction ids, or a job's id"),
        sa.PrimaryKeyConstraint("key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def downgrade() -> None:
    """Drop what this step created."""
    for table in ("idempotency_keys", "jobs", "mappings"):
        op.drop_table(table)
