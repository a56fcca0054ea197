"""What became of a log, as the job shows it."""

from pydantic import BaseModel, Field

from app.batch.event_counts import EventCounts
from app.events.ownership import MESSAGES


class Unidentified(BaseModel):
    """Events whose user is not known, for one reason."""

    reason: str
    message: str
    events: int


class UnknownKind(BaseModel):
    """Events of a kind outside the vocabulary: they are stored, and no signal of their own."""

    kind: str
    events: int


class EventReport(BaseModel):
    """What became of a log: rows in = accepted + duplicates + rows rejected."""

    accepted: int
    duplicates: int = Field(description="Stored before, by this file or by any other way.")
    identified: int | None = Field(
        description="Events of the file without a user whose user was found, each counted once. Null until the job "
        "has ended: a later line may decide an earlier one."
    )
    unidentified: list[Unidentified] = Field(description="Empty until the job has ended.")
    unknown_kinds: list[UnknownKind]
    users: int | None = Field(description="Users that the file's events belong to. Null until the job has ended.")


def report_of(counts: EventCounts) -> EventReport:
    """Show what a job over a log has counted, the most frequent first."""
    return EventReport(
        accepted=counts.accepted,
        duplicates=counts.duplicates,
        identified=counts.identified,
        unidentified=[
            Unidentified(reason=name, message=MESSAGES[name], events=events)
            for name, events in counts.unidentified.most_common()
        ],
        unknown_kinds=[UnknownKind(kind=kind, events=events) for kind, events in counts.unknown_kinds.most_common()],
        users=counts.users,
    )
