"""The features of a user as of a date, written once: names, groups, meanings, units, labels, and their windows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Group = Literal["recency", "frequency", "time_spent", "regularity", "diversity", "money", "service_and_social", "trend"]
Form = Literal["count", "days", "minutes", "money", "share", "ratio", "balance"]
"""How a value is written: number, days, minutes, money, share of 1, times, or -1 (all before) to 1 (all lately)."""

GROUPS: Final[Mapping[Group, str]] = {
    "recency": "How long ago things happened",
    "frequency": "How often the user comes",
    "time_spent": "How long the user stays",
    "regularity": "How evenly the visits are spread",
    "diversity": "How much of the offer is used",
    "money": "What the user buys",
    "service_and_social": "Signals of trouble, of liking and of company, and changes of plan",
    "trend": "The recent window against the one before it",
}
"""The declared groups, each with the question its features answer."""


@dataclass(frozen=True)
class Windows:
    """The stretches of time before the date of the score.

    Attributes
    ----------
    observation_days : int
        Whole days before ``as_of`` that most features look at.
    recent_days : int
        The last part of them. The window before, which trends compare with, is as long; both must fit.

    Raises
    ------
    ValueError
        The recent window is empty, or twice the recent window does not fit into the observation window.

    Examples
    --------
    >>> Windows().observation_days, Windows(180, 60).recent_days
    (90, 60)
    """

    observation_days: int = 90
    recent_days: int = 30

    def __post_init__(self) -> None:
        if not 1 <= self.recent_days <= self.observation_days / 2:
            raise ValueError("the recent window must be at least a day and at most half of the observation window")


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes
    ----------
    name : str
        Its column in the matrix, in cards and in answers.
    group : Group
        Which of the declared groups it belongs to.
    meaning : str
        One line, with the value of a user about whom there is nothing to measure.
    unit : str
        What one of it is.
    label : str
        What a person reads; ``{recent}`` and ``{observation}`` stand for days.
    form : Form
        How its value is written.
    """

    name: str
    group: Group
    meaning: str
    unit: str
    label: str
    form: Form

    def label_in(self, windows: Windows) -> str:
        """Give the label with the days of the windows filled in.

        Examples
        --------
        >>> FEATURE_BY_NAME["sessions_recent"].label_in(Windows(90, 30))
        'Sessions, last 30 days'
        """
        return self.label.format(recent=windows.recent_days, observation=windows.observation_days)


_Rows: TypeAlias = tuple[tuple[str, str, Form, str, str], ...]
"""Name, label, form, unit, meaning."""

_RECENCY: Final[_Rows] = (
    ("days_inactive", "Days without activity", "days", "days",
     "Days since the last event, the observation window at most"),
    ("inactivity_over_usual_gap", "Days without activity against the usual gap", "ratio", "times",
     "Days since the last event over the user's own mean gap between active days"),
    ("days_since_purchase", "Days since the last purchase", "days", "days",
     "Days since the last purchase, the observation window at most and when there was none"),
    ("purchase_silence_over_usual_gap", "Days without a purchase against the usual gap", "ratio", "times",
     "Days since the last purchase over the user's own mean gap between days with a purchase"),
    ("days_since_trouble", "Days since the last trouble", "days", "days",
     "Days since the last help request, error or dislike, the observation window at most and when there was none"),
    ("tenure_days", "Days since the first event", "days", "days",
     "Days since the user's first event, however long ago; 0 before it"),
)  # fmt: skip

_FREQUENCY: Final[_Rows] = (
    ("sessions_recent", "Sessions, last {recent} days", "count", "sessions",
     "Sessions that began in the recent window"),
    ("sessions", "Sessions, last {observation} days", "count", "sessions",
     "Sessions that began in the observation window"),
    ("events_recent", "Events, last {recent} days", "count", "events",
     "Events of any kind in the recent window"),
    ("events_per_session", "Events a session, last {observation} days", "count", "events a session",
     "Events over sessions of the observation window; 0 without a session"),
    ("active_days_last_week", "Active days, last 7 days", "count", "days",
     "Days (UTC) with an event in the last seven days"),
    ("active_days_recent", "Active days, last {recent} days", "count", "days",
     "Days (UTC) with an event in the recent window"),
    ("active_days", "Active days, last {observation} days", "count", "days",
     "Days (UTC) with an event in the observation window"),
    ("active_days_share_ever", "Share of days active since the first", "share", "share of days",
     "Active days ever over days since the first, both ends counted; 0 before the first event"),
)  # fmt: skip

_TIME_SPENT: Final[_Rows] = (
    ("time_spent_minutes_recent", "Minutes, last {recent} days", "minutes", "minutes",
     "Minutes in the sessions that began in the recent window"),
    ("time_spent_minutes", "Minutes, last {observation} days", "minutes", "minutes",
     "Minutes in the sessions of the observation window: durations or time between events, whichever is longer"),
    ("longest_session_minutes", "Longest session, last {observation} days", "minutes", "minutes",
     "Minutes of the longest session of the observation window; 0 without a session"),
    ("last_session_minutes", "Last session", "minutes", "minutes",
     "Minutes of the session that began last in the observation window; 0 without a session"),
    ("minutes_per_event", "Minutes an event, last {observation} days", "minutes", "minutes an event",
     "Minutes over events of the observation window; 0 without an event"),
    ("short_session_share", "Share of sessions under a minute", "share", "share of sessions",
     "Share of the observation window's sessions shorter than a minute; 0 without a session"),
)  # fmt: skip

_REGULARITY: Final[_Rows] = (
    ("active_weeks_share", "Share of weeks active", "share", "share of weeks",
     "Weeks with an event over weeks since the first, within the observation window; 0 without an event"),
    ("usual_gap_days", "Usual days between active days", "days", "days",
     "Mean gap between the active days ever; the observation window with fewer than two"),
    ("gap_spread", "Unevenness of the gaps between active days", "ratio", "times the mean gap",
     "Standard deviation of the gaps between active days over their mean; 0 with fewer than three active days"),
    ("longest_gap_days", "Longest gap between active days", "days", "days",
     "Longest gap between two neighbouring active days ever; 0 with fewer than two"),
    ("usual_purchase_gap_days", "Usual days between purchases", "days", "days",
     "Mean gap between the days with a purchase ever; the observation window with fewer than two"),
    ("weekend_share", "Share of events at weekends", "share", "share of events",
     "Share of the observation window's events on Saturdays and Sundays (UTC); 0 without an event"),
    ("night_share", "Share of events at night", "share", "share of events",
     "Share of the observation window's events from 22 to 6 o'clock (UTC); 0 without an event"),
)  # fmt: skip

_DIVERSITY: Final[_Rows] = (
    ("items", "Different items, last {observation} days", "count", "items",
     "Different items in the observation window"),
    ("new_items_recent", "New items, last {recent} days", "count", "items",
     "Items met in the recent window for the first time ever"),
    ("effective_items", "Items in even use, last {observation} days", "count", "items",
     "Number of items in even use that would be as varied (inverse Simpson index); 0 without an item"),
    ("kinds", "Kinds of events, last {observation} days", "count", "kinds",
     "Different kinds of events in the observation window; kinds outside the vocabulary count as one"),
    ("searches", "Searches, last {observation} days", "count", "searches",
     "Searches in the observation window"),
)  # fmt: skip

_MONEY: Final[_Rows] = (
    ("purchases_recent", "Purchases, last {recent} days", "count", "purchases",
     "Purchases in the recent window"),
    ("purchases", "Purchases, last {observation} days", "count", "purchases",
     "Purchases in the observation window"),
    ("purchase_days_ever", "Days with a purchase ever", "count", "days",
     "Days (UTC) with a purchase since the first event"),
    ("spent_recent", "Spent, last {recent} days", "money", "money",
     "Money paid for purchases in the recent window, in the log's currency"),
    ("spent", "Spent, last {observation} days", "money", "money",
     "Money paid for purchases in the observation window, in the log's currency"),
    ("spent_per_purchase_day_ever", "Usual spending on a day with a purchase", "money", "money a day",
     "Mean money paid on a day with a purchase, since the first event; 0 without a purchase"),
    ("largest_purchase", "Largest purchase, last {observation} days", "money", "money",
     "Largest single purchase of the observation window; 0 without a purchase"),
    ("refunded_share", "Share of spending refunded", "share", "share of money",
     "Money refunded over money paid in the observation window, 1 at most; 0 without a refund"),
)  # fmt: skip

_SERVICE_AND_SOCIAL: Final[_Rows] = (
    ("help_requests", "Help requests, last {observation} days", "count", "requests",
     "Requests for help and complaints in the observation window"),
    ("errors", "Errors met, last {observation} days", "count", "errors",
     "Errors met in the observation window"),
    ("trouble_share", "Share of events that are troubles, last {observation} days", "share", "share of events",
     "Help requests and errors over all events of the observation window; 0 without an event"),
    ("dislikes_share", "Share of events that are dislikes, last {observation} days", "share", "share of events",
     "Items rated down over all events of the observation window; 0 without an event"),
    ("likes_share", "Share of events that are likes, last {observation} days", "share", "share of events",
     "Items rated up or put on a list over all events of the observation window; 0 without an event"),
    ("social_actions", "Social actions, last {observation} days", "count", "actions",
     "Friends added, follows and shares in the observation window"),
    ("adverts_share", "Share of events that are adverts, last {observation} days", "share", "share of events",
     "Adverts shown over all events of the observation window; 0 without an event"),
    ("plan_views", "Looks at settings and plans, last {observation} days", "count", "views",
     "Views of the settings and of pages that change the plan, in the observation window"),
    ("upgrades", "Moves to a larger plan, last {observation} days", "count", "moves",
     "Moves to a larger plan in the observation window"),
    ("downgrades", "Moves to a smaller plan, last {observation} days", "count", "moves",
     "Moves to a smaller plan in the observation window"),
    ("level_changes", "Changes of plan, last {observation} days", "count", "changes",
     "Times the plan's level differs from the one before it, in the observation window"),
)  # fmt: skip

_TREND: Final[_Rows] = (
    ("sessions_trend", "Trend of sessions", "balance", "balance",
     "(recent - before) / (recent + before) of sessions; 0 when both are 0"),
    ("active_days_trend", "Trend of active days", "balance", "balance",
     "(recent - before) / (recent + before) of active days; 0 when both are 0"),
    ("time_spent_trend", "Trend of minutes", "balance", "balance",
     "(recent - before) / (recent + before) of minutes in sessions; 0 when both are 0"),
    ("purchases_trend", "Trend of purchases", "balance", "balance",
     "(recent - before) / (recent + before) of purchases; 0 when both are 0"),
    ("spent_trend", "Trend of spending", "balance", "balance",
     "(recent - before) / (recent + before) of money paid; 0 when both are 0"),
    ("trouble_trend", "Trend of troubles", "balance", "balance",
     "(recent - before) / (recent + before) of help requests, errors and dislikes; 0 when both are 0"),
    ("last_gap_over_usual", "Last gap against the usual gap", "ratio", "times",
     "Gap before the last active day over the mean gap between active days; 0 with fewer than two"),
)  # fmt: skip

_ROWS_OF_GROUP: Final[Mapping[Group, _Rows]] = {
    "recency": _RECENCY,
    "frequency": _FREQUENCY,
    "time_spent": _TIME_SPENT,
    "regularity": _REGULARITY,
    "diversity": _DIVERSITY,
    "money": _MONEY,
    "service_and_social": _SERVICE_AND_SOCIAL,
    "trend": _TREND,
}

FEATURES: Final = tuple(
    Feature(name, group, meaning, unit, label, form)
    for group, rows in _ROWS_OF_GROUP.items()
    for name, label, form, unit, meaning in rows
)
"""Columns of the feature matrix, in order."""
FEATURE_BY_NAME: Final[Mapping[str, Feature]] = {feature.name: feature for feature in FEATURES}
FEATURE_NAMES: Final = tuple(FEATURE_BY_NAME)
SUMMARY_FEATURES: Final = ("sessions_recent", "time_spent_minutes_recent", "purchases_recent", "days_inactive")
"""What a person can say about a user without a log: session count, minutes, purchases, days without activity."""


def feature_rows() -> list[tuple[str, str, str, str]]:
    """Give name, group, unit and meaning of every feature, in order: the rows of the page in the docs."""
    return [(feature.name, feature.group, feature.unit, feature.meaning) for feature in FEATURES]
