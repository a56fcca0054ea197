"""The rule of ``app.events.identity`` once more, event by event and without arrays, to hold the arrays to."""

import itertools

from app.events.columns import KINDS, NO_ITEM_NUMBER, NO_KEY, UNKNOWN_USER
from app.events.identity import APART_US, MAX_STEP_US


def by_the_book(events):
    """Give the user's code of every event, after the text at the top of the module."""
    answer = dict(enumerate(events.user.tolist()))
    for session in set(events.session.tolist()) - {NO_KEY}:
        rows = [row for row in range(len(events)) if events.session[row] == session]
        rows.sort(
            key=lambda row: tuple(int(getattr(events, n)[row]) for n in ("ts", "item_in_session", "user", "kind"))
        )
        stretches = []
        for row in rows:
            last = stretches[-1][-1] if stretches else None
            anew = last is None or (events.item_in_session[row] == 0 and events.ts[row] > events.ts[last])
            if anew and not (last is not None and same_sent_twice(events, last, row)):
                stretches.append([])
            stretches[-1].append(row)
        for before, stretch in zip([None, *stretches], stretches, strict=False):
            is_apart = before is None or events.ts[stretch[0]] - events.ts[before[-1]] >= APART_US
            decide_stretch(events, stretch, is_apart, answer)
    return [answer[row] for row in range(len(events))]


def same_sent_twice(events, first, second):
    return events.user[first] == events.user[second] != UNKNOWN_USER and (
        events.item_in_session[first] == events.item_in_session[second]
    )


def decide_stretch(events, stretch, is_apart, answer):
    numbers, users = events.item_in_session, events.user
    pairs = list(itertools.pairwise(stretch))
    if NO_ITEM_NUMBER in {int(numbers[row]) for row in stretch} or any(
        numbers[second] <= numbers[first] and not same_sent_twice(events, first, second) for first, second in pairs
    ):
        return
    joined = {
        (first, second)
        for first, second in pairs
        if events.ts[second] - events.ts[first] <= MAX_STEP_US
        and (numbers[second] == numbers[first] + 1 or same_sent_twice(events, first, second))
    }
    known = {int(users[row]) for row in stretch} - {UNKNOWN_USER}
    for place, row in enumerate(stretch):
        if users[row] != UNKNOWN_USER:
            continue
        before = walk(events, joined, stretch[place::-1], backwards=True)
        after = walk(events, joined, stretch[place:], backwards=False)
        if before and after:
            if users[before[-1]] == users[after[-1]]:
                answer[row] = int(users[before[-1]])
        elif (before or after) and len(known) == 1 and is_apart:
            kinds = [KINDS[events.kind[seen]].name for seen in (before or after)]
            left = before and "logout" not in kinds[1:] and "login" not in kinds[:-1]
            if left or (after and "logout" not in kinds[:-1]):
                answer[row] = known.copy().pop()


def walk(events, joined, rows, backwards):
    """Rows from a blank to the first known one beside it in its run; none when there is none."""
    seen = [rows[0]]
    for row in rows[1:]:
        if ((row, seen[-1]) if backwards else (seen[-1], row)) not in joined:
            return []
        seen.append(row)
        if events.user[row] != UNKNOWN_USER:
            return seen
    return []
