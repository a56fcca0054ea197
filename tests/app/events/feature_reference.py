"""The features of one user, worked out again: slowly, in plain Python, from the meanings in the feature table."""

import math
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from app.events.columns import DAY_US, KINDS, NO_KEY, OTHER, Events, Micros
from app.events.feature_table import Windows
from app.events.histories import LARGEST_AMOUNT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HALF_AN_HOUR_US = 30 * 60 * 1_000_000
TROUBLES = ("help", "error", "dislike")


class Seen(NamedTuple):
    """One event of the user."""

    ts: Micros
    item_in_session: int
    session: int
    kind: str
    value: float
    seconds: float
    item: int
    level: int


def events_of(events: Events, user: int, as_of: Micros) -> list[Seen]:
    """Give the user's events before the date, by time and then by every other column."""
    rows = [place for place in range(len(events)) if events.user[place] == user and events.ts[place] < as_of]
    return sorted(
        Seen(
            int(events.ts[place]),
            int(events.item_in_session[place]),
            int(events.session[place]),
            "" if events.kind[place] == OTHER else KINDS[events.kind[place]].name,
            _known(events.value[place]),
            _known(events.duration_seconds[place]),
            int(events.item[place]),
            int(events.level[place]),
        )
        for place in rows
    )


def reference_features(seen: list[Seen], as_of: Micros, windows: Windows) -> dict[str, float]:
    """Work out every feature of a user from their events before the date."""
    past = Past(seen, as_of, windows)
    return {**_times(past), **_in_sessions(past), **_kinds(past), **_items(past), **_money(past)}


class Past:
    """A user's events before a date, cut by the windows."""

    def __init__(self, seen: list[Seen], as_of: Micros, windows: Windows) -> None:
        self.seen, self.as_of, self.wide, self.narrow = seen, as_of, windows.observation_days, windows.recent_days
        self.observed = self.aged(seen, 0, self.wide)
        self.recent = self.aged(seen, 0, self.narrow)
        self.before = self.aged(seen, self.narrow, 2 * self.narrow)

    def age(self, each: Seen) -> int:
        """Whole days before the date."""
        return (self.as_of - 1 - each.ts) // DAY_US

    def aged(self, events: list[Seen], low: int, high: int) -> list[Seen]:
        """Those of the events that are so many days old."""
        return [each for each in events if low <= self.age(each) < high]

    def days(self, events: list[Seen]) -> list[int]:
        """How many days ago something happened, each day once, the longest ago first."""
        return sorted({self.age(each) for each in events}, reverse=True)

    def since(self, events: list[Seen]) -> float:
        """Days since the last of the events."""
        return min((self.as_of - events[-1].ts) / DAY_US, self.wide) if events else float(self.wide)


def _times(past: Past) -> dict[str, float]:
    days = past.days(past.seen)
    usual, spread, longest, last_gap = _gaps(days, past.wide)
    recent = sum(day < past.narrow for day in days)
    before = sum(past.narrow <= day < 2 * past.narrow for day in days)
    when = [EPOCH + timedelta(microseconds=each.ts) for each in past.observed]
    weeks = {past.age(each) // 7 for each in past.observed}
    return {
        "days_inactive": past.since(past.seen),
        "inactivity_over_usual_gap": past.since(past.seen) / usual,
        "tenure_days": (past.as_of - past.seen[0].ts) / DAY_US if past.seen else 0.0,
        "active_days_last_week": sum(day < 7 for day in days),
        "active_days_recent": recent,
        "active_days": sum(day < past.wide for day in days),
        "active_days_share_ever": _share(len(days), days[0] + 1 if days else 0),
        "active_weeks_share": len(weeks) / (min(days[0], past.wide - 1) // 7 + 1 if days else 1),
        "usual_gap_days": usual,
        "gap_spread": spread,
        "longest_gap_days": longest,
        "weekend_share": _share(sum(moment.weekday() >= 5 for moment in when), len(when)),
        "night_share": _share(sum(moment.hour >= 22 or moment.hour < 6 for moment in when), len(when)),
        "active_days_trend": _balance(recent, before),
        "last_gap_over_usual": last_gap / usual,
    }


def _in_sessions(past: Past) -> dict[str, float]:
    sessions = _sessions(past.observed)
    minutes = [_minutes(session) for session in sessions]
    ages = [past.age(session[0]) for session in sessions]
    last_start = max((session[0].ts for session in sessions), default=0)
    recent = [spent for spent, age in zip(minutes, ages, strict=True) if age < past.narrow]
    before = [spent for spent, age in zip(minutes, ages, strict=True) if past.narrow <= age < 2 * past.narrow]
    latest = [spent for spent, session in zip(minutes, sessions, strict=True) if session[0].ts == last_start]
    return {
        "sessions_recent": len(recent),
        "sessions": len(sessions),
        "events_per_session": _share(len(past.observed), len(sessions)),
        "time_spent_minutes_recent": sum(recent),
        "time_spent_minutes": sum(minutes),
        "minutes_per_event": _share(sum(minutes), len(past.observed)),
        "longest_session_minutes": max(minutes, default=0.0),
        "last_session_minutes": max(latest, default=0.0),
        "short_session_share": _share(sum(spent < 1 for spent in minutes), len(sessions)),
        "sessions_trend": _balance(len(recent), len(before)),
        "time_spent_trend": _balance(sum(recent), sum(before)),
    }


def _kinds(past: Past) -> dict[str, float]:
    kinds = Counter(each.kind for each in past.observed)
    trouble, recent, before = (
        [each for each in part if each.kind in TROUBLES] for part in (past.observed, past.recent, past.before)
    )
    with_level = [each for each in past.seen if each.level != NO_KEY]
    changes = [after for first, after in pairwise(with_level) if first.level != after.level]
    return {
        "days_since_trouble": past.since(trouble),
        "events_recent": len(past.recent),
        "kinds": len(kinds),
        "searches": kinds["search"],
        "help_requests": kinds["help"],
        "errors": kinds["error"],
        "trouble_share": _share(kinds["help"] + kinds["error"], kinds.total()),
        "dislikes_share": _share(kinds["dislike"], kinds.total()),
        "likes_share": _share(kinds["like"] + kinds["save"], kinds.total()),
        "social_actions": kinds["social"],
        "adverts_share": _share(kinds["advert"], kinds.total()),
        "plan_views": kinds["settings"] + kinds["plan"],
        "upgrades": kinds["upgrade"],
        "downgrades": kinds["downgrade"],
        "level_changes": len(past.aged(changes, 0, past.wide)),
        "trouble_trend": _balance(len(recent), len(before)),
    }


def _items(past: Past) -> dict[str, float]:
    uses = Counter(each.item for each in past.observed if each.item != NO_KEY)
    first_met: dict[int, Seen] = {}
    for each in past.seen:
        if each.item != NO_KEY:
            first_met.setdefault(each.item, each)
    return {
        "items": len(uses),
        "new_items_recent": len(past.aged(list(first_met.values()), 0, past.narrow)),
        "effective_items": _share(uses.total() ** 2, sum(count**2 for count in uses.values())),
    }


def _money(past: Past) -> dict[str, float]:
    ever, observed, recent, before = (
        [each for each in part if each.kind == "purchase"]
        for part in (past.seen, past.observed, past.recent, past.before)
    )
    spent, spent_recent, spent_before = (sum(each.value for each in part) for part in (observed, recent, before))
    refunded = sum(each.value for each in past.observed if each.kind == "refund")
    days = past.days(ever)
    usual, *_ = _gaps(days, past.wide)
    return {
        "days_since_purchase": past.since(ever),
        "purchase_silence_over_usual_gap": past.since(ever) / usual,
        "usual_purchase_gap_days": usual,
        "purchases_recent": len(recent),
        "purchases": len(observed),
        "purchase_days_ever": len(days),
        "spent_recent": spent_recent,
        "spent": spent,
        "spent_per_purchase_day_ever": _share(sum(each.value for each in ever), len(days)),
        "largest_purchase": max((each.value for each in observed), default=0.0),
        "refunded_share": min(1.0, refunded / spent) if spent else float(refunded > 0),
        "purchases_trend": _balance(len(recent), len(before)),
        "spent_trend": _balance(spent_recent, spent_before),
    }


def _known(number: float) -> float:
    return 0.0 if math.isnan(number) else min(max(float(number), 0.0), LARGEST_AMOUNT)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _balance(recent: float, before: float) -> float:
    return _share(recent - before, recent + before)


def _gaps(days: list[int], without: int) -> tuple[float, float, float, float]:
    gaps = [a - b for a, b in pairwise(days)]
    if not gaps:
        return float(without), 0.0, 0.0, 0.0
    mean = sum(gaps) / len(gaps)
    deviation = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    return mean, deviation / mean, float(max(gaps)), float(gaps[-1])


def _sessions(seen: list[Seen]) -> list[list[Seen]]:
    """Events of one session id, and stretches of events without one, each in order of time."""
    by_id: dict[int, list[Seen]] = defaultdict(list)
    pauses: list[list[Seen]] = []
    for each in seen:
        if each.session != NO_KEY:
            by_id[each.session].append(each)
        elif pauses and each.ts - pauses[-1][-1].ts <= HALF_AN_HOUR_US:
            pauses[-1].append(each)
        else:
            pauses.append([each])
    return [*by_id.values(), *pauses]


def _minutes(session: list[Seen]) -> float:
    between = sum(min(b.ts - a.ts, HALF_AN_HOUR_US) for a, b in pairwise(session)) / 1e6
    return max(between, sum(each.seconds for each in session)) / 60
