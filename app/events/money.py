"""Purchases and refunds of users: how many, how much, how long apart."""

from typing import Final

import numpy as np

from app.events.columns import CODE_OF_KIND, DAY_US, Floats
from app.events.feature_table import Windows
from app.events.histories import History
from app.events.regularity import active_days, gaps_between
from app.events.sums import balance, quotient, sums

_PURCHASE: Final = CODE_OF_KIND["purchase"]
_REFUND: Final = CODE_OF_KIND["refund"]


def money_features(history: History, windows: Windows) -> dict[str, Floats]:
    """Give the features of purchases and refunds.

    Parameters
    ----------
    history : History
        Everything before the date; usual gaps and usual spending look at all of it.
    windows : Windows
        The windows to count in.

    Returns
    -------
    dict of str to ndarray of float64, shape (m,)
        By the features' names.
    """
    users, observation = history.users, float(windows.observation_days)
    rows = np.flatnonzero(history.kind == _PURCHASE)
    user, age, value = history.user[rows], history.age[rows], history.value[rows]
    observed, recent = age < windows.observation_days, age < windows.recent_days
    before = ~recent & (age < 2 * windows.recent_days)
    spent, spent_recent, spent_before = (sums(user[each], value[each], users) for each in (observed, recent, before))
    count, count_recent, count_before = (sums(user[each], None, users) for each in (observed, recent, before))
    largest, since = np.zeros(users), np.full(users, observation)
    np.maximum.at(largest, user[observed], value[observed])
    since[user] = np.minimum((history.as_of - history.ts[rows]) / DAY_US, observation)
    gaps = gaps_between(active_days(user, age), users, without=observation)
    refunds = np.flatnonzero((history.kind == _REFUND) & (history.age < windows.observation_days))
    refunded = sums(history.user[refunds], history.value[refunds], users)
    return {
        "days_since_purchase": since,
        "purchase_silence_over_usual_gap": since / gaps.mean,
        "usual_purchase_gap_days": gaps.mean,
        "purchases_recent": count_recent,
        "purchases": count,
        "purchase_days_ever": gaps.days,
        "spent_recent": spent_recent,
        "spent": spent,
        "spent_per_purchase_day_ever": quotient(sums(user, value, users), gaps.days),
        "largest_purchase": largest,
        "refunded_share": quotient(refunded, np.maximum(refunded, spent)),
        "purchases_trend": balance(count_recent, count_before),
        "spent_trend": balance(spent_recent, spent_before),
    }
