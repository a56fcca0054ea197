"""Items of users: how many different ones, how many new ones, and how evenly they are used."""

import numpy as np

from app.events.columns import NO_KEY, Floats, Integers
from app.events.feature_table import Windows
from app.events.histories import History, packed, starts
from app.events.sums import quotient, sums


def item_features(history: History, windows: Windows) -> dict[str, Floats]:
    """Count items in the observation window, and those met first in the recent one.

    Returns
    -------
    dict of str to ndarray of float64, shape (m,)
        By the features' names. ``effective_items`` is the inverse Simpson index of the observation window's events
        with an item (Simpson, 1949, Measurement of Diversity; Hill, 1973, Diversity and Evenness): the number of items
        in even use that would be as varied; 0 without an item.
    """
    rows = np.flatnonzero(history.item != NO_KEY)
    user, item, age = _by_user_item_and_time(history.user[rows], history.item[rows], history.age[rows])
    begins = starts(user, item)
    first = np.flatnonzero(begins)
    owner = user[first]
    uses = sums(np.cumsum(begins) - 1, age < windows.observation_days, len(first))
    total = sums(owner, uses, history.users)
    return {
        "items": sums(owner[uses > 0], None, history.users),
        "new_items_recent": sums(owner[age[first] < windows.recent_days], None, history.users),
        "effective_items": quotient(total * total, sums(owner, uses * uses, history.users)),
    }


def _by_user_item_and_time(user: Integers, item: Integers, age: Integers) -> tuple[Integers, Integers, Integers]:
    """Sort; items become numbers, which only tell them apart."""
    by_item = np.argsort(item)
    number = np.empty(len(item), dtype=np.int64)
    number[by_item] = np.cumsum(starts(item[by_item])) - 1
    if not len(item):
        return user, number, age
    items, oldest = int(number.max()) + 1, int(age.max())
    key = packed(user, number, oldest - age)
    if key is None:
        order = np.lexsort((-age, number, user))
        return user[order], number[order], age[order]
    key.sort()
    ages = oldest - int(age.min()) + 1
    pair, since = np.divmod(key, ages)
    first_user = int(user.min())
    return pair // items + first_user, pair % items, oldest - since
