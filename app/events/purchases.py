"""What a purchase log says of each user before a date: how often they bought, how lately, for how long and how much."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.events.columns import CODE_OF_KIND, DAY_US, UNKNOWN_USER, Events, Floats, Integers, Micros
from app.events.histories import LARGEST_AMOUNT

WHOLE_WITHIN: Final = "user"
"""A user's row needs all of that user's events before the date, and nobody else's."""
_PURCHASE, _REFUND, _CANCEL = (CODE_OF_KIND[name] for name in ("purchase", "refund", "cancel"))


@dataclass(frozen=True, eq=False)
class PurchaseSummary:
    """Purchases before a date, one row a user. Purchases on one day (UTC) count as one.

    Attributes
    ----------
    has_bought : ndarray of bool, shape (n,)
        Whether there is a purchase before the date; where there is none, every other column is 0.
    frequency : ndarray, shape (n,), days
        Days with a purchase after the first: repeat purchases.
    recency_days : ndarray, shape (n,), days
        From the first day with a purchase to the last; 0 for who bought once.
    age_days : ndarray, shape (n,), days
        From the first day with a purchase to the date; whole when the date is a midnight, never below ``recency_days``.
    spend_days : ndarray, shape (n,), days
        Repeat days whose money is known.
    mean_spend : ndarray, shape (n,), in the log's currency
        Mean money of those days, less what was given back, never below 0; 0 where there is no such day.
    """

    has_bought: NDArray[np.bool_]
    frequency: Floats
    recency_days: Floats
    age_days: Floats
    spend_days: Floats
    mean_spend: Floats

    def __len__(self) -> int:
        return len(self.frequency)

    def take(self, rows: NDArray[np.bool_] | Integers) -> "PurchaseSummary":
        """Choose users by a mask or by position."""
        return PurchaseSummary(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def purchase_summary(events: Events, as_of: Micros) -> PurchaseSummary:
    """Sum up the purchases of each user before a date.

    A refund is taken off the latest day with a purchase at or before it; one that comes before any purchase has nothing
    to be taken off and is left out. A purchase without a value counts as a purchase, and its money as not known;
    values count from 0 to ``LARGEST_AMOUNT``.

    Parameters
    ----------
    events : Events
        In any order; events whose user is not known are left out.
    as_of : int, microseconds since 1970-01-01 UTC
        Nothing at or after it is read.

    Returns
    -------
    PurchaseSummary
        One row for each of ``events.user_ids``, in their order.

    References
    ----------
    P. S. Fader, B. G. S. Hardie, K. L. Lee (2005), "RFM and CLV: using iso-value curves for customer base analysis",
    Journal of Marketing Research 42(4): frequency, recency and age are all the models of buying need.
    """
    users = len(events.user_ids)
    user, day, net, is_known = _purchase_days(events, as_of)
    if not len(user):
        empty = np.zeros(users)
        return PurchaseSummary(np.zeros(users, dtype=np.bool_), *([empty] * 5))
    is_first = np.append(True, user[1:] != user[:-1])
    is_last = np.append(is_first[1:], True)
    bought = user[is_first]
    of_all = np.zeros((5, users))
    frequency, recency, age, spend_days, mean_spend = of_all
    frequency[bought] = np.diff(np.append(np.flatnonzero(is_first), len(user))) - 1
    recency[bought] = day[is_last] - day[is_first]
    age[bought] = as_of / DAY_US - day[is_first]
    counted = is_known & ~is_first
    spend_days += np.bincount(user[counted], minlength=users)
    total = np.bincount(user[counted], net[counted], minlength=users)
    np.divide(np.maximum(total, 0.0), spend_days, out=mean_spend, where=spend_days > 0)
    has_bought = np.zeros(users, dtype=np.bool_)
    has_bought[bought] = True
    return PurchaseSummary(has_bought, frequency, recency, age, spend_days, mean_spend)


def _purchase_days(events: Events, as_of: Micros) -> tuple[Integers, Integers, Floats, NDArray[np.bool_]]:
    """Give each day on which a user bought, by user and day: user, day since 1970, net money, whether it is known."""
    seen = (events.ts < as_of) & (events.user != UNKNOWN_USER)
    user, day, value = _sorted(events, seen & (events.kind == _PURCHASE))
    starts = np.flatnonzero(np.append(True, (np.diff(user) != 0) | (np.diff(day) != 0))) if len(user) else np.arange(0)
    known = ~np.isnan(value)
    net = np.add.reduceat(np.where(known, value, 0.0), starts) if len(user) else np.zeros(0)
    is_known = np.logical_or.reduceat(known, starts) if len(user) else np.zeros(0, dtype=np.bool_)
    user, day = user[starts], day[starts]
    back_user, back_day, back = _sorted(events, seen & (events.kind == _REFUND) & ~np.isnan(events.value))
    if len(user) and len(back):
        # The place of a (user, day) pair among the purchase days: days of one user never reach into the next one's.
        first = min(day.min(), back_day.min())
        span = max(day.max(), back_day.max()) - first + 1
        place = np.searchsorted(user * span + day - first, back_user * span + back_day - first, side="right") - 1
        owned = (place >= 0) & (user[place] == back_user)
        net -= np.bincount(place[owned], back[owned], minlength=len(net))
    return user, day, net, is_known


def _sorted(events: Events, chosen: NDArray[np.bool_]) -> tuple[Integers, Integers, Floats]:
    """Order the chosen events by user, day and value, so that no sum depends on the order of the rows."""
    rows = np.flatnonzero(chosen)
    day, value = events.ts[rows] // DAY_US, events.value[rows]
    value = np.clip(value, 0.0, LARGEST_AMOUNT)
    order = np.lexsort((value, day, events.user[rows]))
    return events.user[rows][order].astype(np.int64), day[order], value[order]


def has_cancelled(events: Events, as_of: Micros) -> NDArray[np.bool_]:
    """Say of each user whether they cancelled before a date and have not bought since, shape (n,).

    A cancellation at the moment of the last purchase counts; what else a user did afterwards does not matter.
    """
    seen = (events.ts < as_of) & (events.user != UNKNOWN_USER)
    latest = []
    for kind in (_CANCEL, _PURCHASE):
        rows = seen & (events.kind == kind)
        moment = np.full(len(events.user_ids), np.iinfo(np.int64).min)
        np.maximum.at(moment, events.user[rows], events.ts[rows])
        latest.append(moment)
    cancelled, bought = latest
    return (cancelled >= bought) & (cancelled > np.iinfo(np.int64).min)
