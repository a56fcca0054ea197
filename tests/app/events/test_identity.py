import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.columns import (
    CODE_OF_KIND,
    DTYPES,
    NO_ITEM_NUMBER,
    NO_KEY,
    SECOND_US,
    UNKNOWN_USER,
    Events,
    concatenate,
    no_events,
)
from app.events.identity import CODE_OF_REASON, MAX_STEP_US, REASONS, recover
from tests.identity_book import by_the_book

USERS = ("a", "b", "c")
VISIT = CODE_OF_KIND["visit"]


def log(*rows, user_ids=USERS):
    """A log of rows (session, number, seconds, user or None, kind)."""
    columns = {name: np.zeros(len(rows), dtype) for name, dtype in DTYPES.items()}
    for place, (session, number, seconds, user, *kind) in enumerate(rows):
        columns["session"][place] = session
        columns["item_in_session"][place] = number
        columns["ts"][place] = seconds * SECOND_US
        columns["user"][place] = UNKNOWN_USER if user is None else user_ids.index(user)
        columns["kind"][place] = CODE_OF_KIND[kind[0]] if kind else VISIT
    return Events(**columns, user_ids=user_ids)


def told(text):
    """One session told by a line: user, "-" for a blank, ">" before a logout and "<" before a login; numbers follow."""
    rows = []
    for word in text.split():
        number = len(rows) if "@" not in word else int(word.split("@")[1])
        kind = {">": "logout", "<": "login"}.get(word[0], "visit")
        user = word.split("@")[0].lstrip("<>")
        rows.append((1, number, 10 * len(rows), None if user == "-" else user, kind))
    return log(*rows)


def users_of(recovery):
    return " ".join("-" if code == UNKNOWN_USER else USERS[code] for code in recovery.user)


def reasons_of(recovery):
    return [REASONS[code].name for code in recovery.reason if REASONS[code].name != "known"]


@pytest.mark.parametrize(
    ("session", "users", "reasons"),
    [
        ("a - - a", "a a a a", ["between", "between"]),
        ("- a", "a a", ["at_start"]),
        ("a - -", "a a a", ["at_end", "at_end"]),
        ("a - b", "a - b", ["between_two_users"]),
        ("- -", "- -", ["session_without_user"] * 2),
        ("a - a b - b", "a a a b b b", ["between", "between"]),
        ("a - a b -", "a a a b -", ["between", "shared_session"]),
        ("- a b", "- a b", ["shared_session"]),
        ("a >a - <- a", "a a a a a", ["logged_out", "logged_out"]),
        ("a >a - -", "a a - -", ["after_logout"] * 2),
        ("a - >- - -", "a a a - -", ["at_end", "at_end", "after_logout", "after_logout"]),
        ("- <- a", "a a a", ["before_login", "before_login"]),
        ("- <a a", "a a a", ["before_login"]),
        ("- >- - <- a", "- - a a a", ["after_logout", "after_logout", "before_login", "before_login"]),
        ("<a -", "a a", ["at_end"]),
        ("a - <- -", "a a - -", ["at_end", "after_logout", "after_logout"]),
        ("a >a - <- b", "a a - - b", ["between_two_users"] * 2),
    ],
)
def test_a_blank_goes_to_the_user_beside_it_in_an_unbroken_sequence(session, users, reasons):
    found = recover(told(session))
    assert (users_of(found), reasons_of(found)) == (users, reasons)


@pytest.mark.parametrize(
    ("session", "users", "reasons"),
    [
        ("a@0 -@2 a@3", "a a a", ["at_start"]),  # number 1 is missing, the blank is joined to the right
        ("a@0 -@2 a@4", "a - a", ["broken_sequence"]),
        ("a@0 -@2", "a -", ["broken_sequence"]),
        ("a@0 b@1 -@3 a@4", "a b - a", ["shared_session"]),
        ("a@1 -@1 a@2", "a - a", ["broken_sequence"]),
        ("a@1 b@1 -@2 b@3", "a b - b", ["broken_sequence"]),
        ("a@1 -@3 a@2 a@4", "a - a a", ["broken_sequence"]),
        ("a@5 -@6 a@7 a@3", "a - a a", ["broken_sequence"]),
        ("a@1 a@1 -@2", "a a a", ["at_end"]),  # the same event of the same user twice
        ("a@0 a@0 -@1", "a a a", ["at_end"]),
        ("a@1 -@2 -@2 a@3", "a - - a", ["broken_sequence"] * 2),
    ],
)
def test_nothing_is_recovered_across_a_broken_sequence(session, users, reasons):
    found = recover(told(session))
    assert (users_of(found), reasons_of(found)) == (users, reasons)


def test_a_session_id_used_again_by_others_is_told_apart_by_its_numbers():
    # Three users take turns with one session id on three days; each begins anew at number 0.
    day = 86_400
    found = recover(
        log(
            *[(7, number, number, user) for number, user in enumerate(["a", None, "a", None])],
            *[(7, number, day + number, user) for number, user in enumerate([None, "b", None, None])],
            *[(7, number, 2 * day + number, user) for number, user in enumerate([None, None])],
            *[(7, number, 3 * day + number, user) for number, user in enumerate([None, None, "c"])],
        )
    )
    assert users_of(found) == "a a a a b b b b - - c c c"
    assert reasons_of(found)[-4:] == ["session_without_user", "session_without_user", "at_start", "at_start"]


def test_two_users_of_a_session_id_at_the_same_time_are_not_told_apart():
    # b's events come between a's: numbers 2 of both follow a's number 1.
    found = recover(
        log(
            (7, 0, 0, "b"),
            (7, 1, 1, "b"),
            (7, 0, 2, "a"),
            (7, 2, 3, "b"),
            (7, 1, 4, "a"),
            (7, 2, 5, "a"),
            (7, 3, 6, None),
        )
    )
    assert reasons_of(found) == ["broken_sequence"]


@pytest.mark.parametrize(("hours", "users"), [(0.01, "a a - - a"), (5.99, "a a - - a"), (6, "a a a a a")])
def test_numbers_that_begin_anew_while_another_sequence_may_go_on_decide_nothing(hours, users):
    # Somebody's 0 and 1 may lie between a's 1 and 2: they look like the beginning of a's 2, and need not be.
    start = 1 + round(3_600 * hours)
    found = recover(
        log((7, 0, 0, "a"), (7, 1, 1, "a"), (7, 0, start, None), (7, 1, start + 1, None), (7, 2, start + 2, "a"))
    )
    assert users_of(found) == users
    assert set(reasons_of(found)) == {"at_start" if users == "a a a a a" else "shared_session"}


def test_events_that_would_go_on_from_either_of_two_sequences_go_to_neither():
    # Number 2 follows number 1 of b and of a: the simulator's log with folded session ids holds such cases.
    found = recover(log((7, 0, 0, "b"), (7, 1, 1, "b"), (7, 0, 2, "a"), (7, 1, 3, "a"), (7, 2, 4, None)))
    assert reasons_of(found) == ["shared_session"]


def test_two_first_events_at_one_moment_decide_nothing():
    for users in (USERS, ("b", "a", "c")):
        rows = [(7, 0, 0, "a"), (7, 0, 0, "b"), (7, 1, 1, None), (7, 2, 2, "b")]
        assert reasons_of(recover(log(*rows, user_ids=users))) == ["broken_sequence"]


@pytest.mark.parametrize(("seconds", "reason"), [(3_600, "at_end"), (3_601, "time_gap")])
def test_an_hour_of_silence_breaks_a_run(seconds, reason):
    assert MAX_STEP_US == 3_600 * SECOND_US
    assert reasons_of(recover(log((1, 0, 0, "a"), (1, 1, seconds, None)))) == [reason]


def test_events_without_session_or_number_stay_blank():
    found = recover(log((NO_KEY, 1, 0, None), (NO_KEY, 0, 0, "a"), (1, NO_ITEM_NUMBER, 0, None), (1, 0, 1, "a")))
    assert reasons_of(found) == ["no_session", "no_item_number"]
    between = recover(log((1, 0, 0, "a"), (1, NO_ITEM_NUMBER, 1, "b"), (1, 1, 2, None), (1, 2, 3, "a")))
    assert reasons_of(between) == ["broken_sequence"]
    first = recover(log((1, NO_ITEM_NUMBER, 0, "a"), (1, 5, 1, None), (1, 6, 2, "a")))
    assert reasons_of(first) == ["broken_sequence"]


def test_of_two_kinds_at_one_moment_it_does_not_matter_which_row_comes_first():
    rows = [(1, 0, 0, "a", "logout"), (1, 0, 0, "a", "visit"), (1, 1, 1, None)]
    assert reasons_of(recover(log(*rows))) == reasons_of(recover(log(rows[1], rows[0], rows[2]))) == ["after_logout"]


def test_a_log_without_blanks_or_events_is_answered():
    assert len(recover(no_events()).user) == 0
    known = recover(told("a b a"))
    assert (users_of(known), known.counts(), known.is_recovered.any()) == ("a b a", {"known": 3}, False)


def test_every_reason_is_named_once_and_is_a_sentence():
    assert len(CODE_OF_REASON) == len(REASONS)
    assert all(reason.sentence[0].isupper() and reason.sentence.endswith(".") for reason in REASONS)
    found = recover(told("a - a -@9"))
    assert (found.counts(), found.is_recovered.tolist()) == (
        {"known": 2, "between": 1, "broken_sequence": 1},
        [False, True, False, False],
    )


@st.composite
def logs(draw):
    """Small logs of mostly unbroken sequences, with everything that may break them."""
    rows = []
    for _ in range(draw(st.integers(1, 3))):
        session, second = draw(st.sampled_from([NO_KEY, 1, 1, 2])), draw(st.integers(0, 12))
        number = draw(st.sampled_from([0, 0, 0, 3, NO_ITEM_NUMBER]))
        user = draw(st.sampled_from(USERS))
        for _ in range(draw(st.integers(1, 7))):
            user = draw(st.sampled_from([user, user, user, user, *USERS]))
            shown = draw(st.sampled_from([user, user, None]))
            kind = draw(st.sampled_from(["visit"] * 6 + ["login", "logout"]))
            rows.append((session, number, second, shown, kind))
            number = max(NO_ITEM_NUMBER, number + draw(st.sampled_from([1] * 12 + [2, 0, -1])))
            second += draw(st.sampled_from([1] * 12 + [0, -1, 3_601, 21_600]))
    return log(*rows)


@given(logs())
def test_the_arrays_decide_what_the_book_says(events):
    assert recover(events).user.tolist() == by_the_book(events)


@given(logs(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_users_plays_no_part(events, random):
    order = list(range(len(events)))
    random.shuffle(order)
    renamed = concatenate([no_events(USERS[::-1]), events.take(np.array(order))])
    found, again = recover(events), recover(renamed)
    names = [*USERS, None], [*USERS[::-1], None]
    assert [names[1][code] for code in again.user] == [names[0][found.user[row]] for row in order]
    assert again.reason.tolist() == found.reason[order].tolist()


@given(logs())
def test_other_sessions_play_no_part_and_known_users_stay(events):
    found = recover(events)
    known = events.user != UNKNOWN_USER
    assert (found.user[known] == events.user[known]).all()
    assert ((found.reason == CODE_OF_REASON["known"]) == known).all()
    assert ((found.user == UNKNOWN_USER) == ~np.array([reason.is_decided for reason in REASONS])[found.reason]).all()
    shown = set(events.user[known].tolist())
    assert set(found.user[found.is_recovered].tolist()) <= shown
    for session in np.unique(events.session):
        rows = events.session == session
        alone = recover(events.take(rows))
        assert (alone.user.tolist(), alone.reason.tolist()) == (found.user[rows].tolist(), found.reason[rows].tolist())
