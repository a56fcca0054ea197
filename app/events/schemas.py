"""Wire models of the routes about users of a log."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from app.events.columns import KINDS
from app.events.policy import RECOMMENDATIONS, action_for
from app.events.requests import MOST_USERS
from app.events.scoring import CHURN
from app.events.users import STANDINGS, WAITING
from app.telecom.policy import TIERS, Tier
from app.telecom.schemas import Probability
from app.web.charts import Chart

_CODES: Final[list[Any]] = [action_for(TIERS[0], None).code, *(action.code for action in RECOMMENDATIONS.values())]
_STANDINGS: Final[list[Any]] = [*STANDINGS, WAITING]
Count = Annotated[int, Field(ge=0)]
UserId = Annotated[str, Field(examples=["101"])]
_SCORED_AS_OF: Final = "The day the score looks from: it has seen what happened before it, and nothing else."


class Unidentified(BaseModel):
    """Events that stay without a user, by the reason."""

    reason: str = Field(examples=["session_without_user"])
    message: str
    events: Count


class UnknownKind(BaseModel):
    """Events of a kind outside the vocabulary: kept, and no signal of their own."""

    kind: str = Field(examples=["advert"])
    events: Count


class EventsStored(BaseModel):
    """What became of the events of a request; all of them are stored, or none."""

    accepted: Count = Field(description="Events that were not stored before.")
    duplicates: Count = Field(description="Events that were stored already, or came twice: every field is the same.")
    identified: Count = Field(description="Of those accepted that came without a user, those whose user was found.")
    also_identified: Count = Field(description="Events stored earlier without a user whose user is known now.")
    withdrawn: Count = Field(description="Events whose user was found earlier and is in doubt now.")
    unidentified: list[Unidentified]
    unknown_kinds: list[UnknownKind]
    users: Count = Field(description="Users whose events changed.")
    refreshed: Count = Field(description="Of them, those who have been scored anew.")
    pending: Count = Field(description="Of them, those who are scored next, in the background.")
    as_of: str | None = Field(description=f"{_SCORED_AS_OF} Null while no user is known.", examples=["2026-01-31"])


class UserEntry(BaseModel):
    """A user as lists show them."""

    user_id: UserId
    churn_probability: Probability | None = Field(description="Null until the first score.")
    tier: Tier | None
    as_of: str | None = Field(description=_SCORED_AS_OF, examples=["2026-01-31"])
    standing: Annotated[str, Field(json_schema_extra={"enum": _STANDINGS})]
    first_event_at: str
    last_event_at: str
    events: Count
    days_inactive: Count = Field(description="Whole days without an event before the day the log reaches.")
    is_current: bool = Field(description="Whether the score has seen all events and is as of the day the log reaches.")


class UserList(BaseModel):
    """A page of users, those most likely to leave first."""

    users: list[UserEntry]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")
    as_of: str | None = Field(description="The day the log reaches: the one after its newest event.")
    horizon_days: int | None = Field(description="Days the probabilities speak of; null without a model.")
    users_known: Count
    pending: Count = Field(description="Users who wait for a score of the day.")
    tiers: dict[Tier, Count] = Field(description="Active users by tier.")
    caution: str | None = Field(description="What the order must not be taken for; null for a model of one's own log.")


class StoredEvent(BaseModel):
    """An event as it is stored."""

    ts: str
    kind: str = Field(examples=[KINDS[0].name])
    session_id: str | None
    item_in_session: int | None
    item_id: str | None
    value: float | None
    duration_seconds: float | None
    level: str | None
    recovered: bool = Field(description="Whether it came without a user, who was found by its session.")


class EventList(BaseModel):
    """A page of a user's events, newest first."""

    events: list[StoredEvent]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class UserReason(BaseModel):
    """One sentence about one feature."""

    direction: Literal["up", "down"]
    feature: str = Field(examples=["days_inactive"])
    label: str
    unit: str
    value: float
    typical: float
    contribution: float
    text: str


class UserCaution(BaseModel):
    """A reason to read this answer with care."""

    code: Literal[
        "outside_training_range", "contradiction", "after_the_log", "no_events", "inactive", "cancelled", "unanswerable"
    ]
    feature: str | None = Field(description="The feature or field it is about; null for the whole answer.")
    message: str


class EventModelUsed(BaseModel):
    """The version that answered."""

    name: str = Field(examples=[CHURN])
    version: str = Field(examples=["1"])
    trained_on: str
    note: str


class Expected(BaseModel):
    """What to expect on average within some days."""

    days: int
    expected: float


class UserValue(BaseModel):
    """Purchases and spend still to come."""

    probability_alive: Probability
    purchases: list[Expected]
    spend: list[Expected]
    currency: str
    note: str


class _Answer(BaseModel):
    horizon_days: int
    churn_probability: Probability = Field(description="Calibrated probability of leaving within the horizon.")
    probability_interval: tuple[Probability, Probability]
    tier: Tier
    typical_churn_rate: Probability
    message: str = Field(examples=["23 % likely to leave in the next 30 days (typical: 9 %)"])
    reasons: list[UserReason] = Field(description="Up to three that raise the risk, then up to two that lower it.")
    recommendation: str
    recommendation_code: Annotated[str, Field(json_schema_extra={"enum": _CODES})]
    model: EventModelUsed
    warnings: list[UserCaution]


class UserChurn(_Answer):
    """How likely a user is to leave, why, and what to do; worked out now, from all stored events before the day."""

    user_id: UserId
    as_of: str = Field(description=_SCORED_AS_OF, examples=["2026-01-31"])
    events: Count = Field(description="Events of the user before the day.")
    first_event_at: str | None
    last_event_at: str | None
    days_inactive: int | None
    value: UserValue | None = Field(description="Null for a user who never bought, and without a value model.")


class SummaryScore(_Answer):
    """How likely a user with these four numbers is to leave, why, and what to do."""


class UserPrediction(BaseModel):
    """One user of a list of ids."""

    user_id: UserId
    found: bool
    churn_probability: Probability | None = None
    tier: Tier | None = None
    as_of: str | None = None
    standing: Annotated[str, Field(json_schema_extra={"enum": _STANDINGS})] | None = None
    is_current: bool | None = None
    message: str | None = Field(None, description="Why there is no probability; null when there is one.")


class UserPredictions(BaseModel):
    """Every id answered, in the order of the request."""

    predictions: list[UserPrediction]
    count: int = Field(ge=1, le=MOST_USERS)
    unknown: Count = Field(description="Ids that nobody in the log has.")


class UserTimeline(BaseModel):
    """Up to half a year of one user, week by week."""

    user_id: UserId
    as_of: str
    message: str
    charts: list[Chart]


class ModelServing(BaseModel):
    """A version that answers now."""

    name: str
    version: str
    kind: str = Field(examples=["events"])
    what: str
    trained_at: str | None
    trained_on: dict[str, Any]
    label: str | None
    horizon_days: int | None
    figures: dict[str, Any]
    note: str


class ModelInfo(BaseModel):
    """What serves now: names, versions, trained when, on what, and the figures."""

    serving: list[ModelServing]
