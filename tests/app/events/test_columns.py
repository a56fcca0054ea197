import numpy as np
import pytest

from app.events.columns import (
    CODE_OF_KIND,
    COLUMNS,
    DTYPES,
    KINDS,
    UNKNOWN_USER,
    Events,
    concatenate,
    key_of,
    no_events,
)


def frame(users, user_ids, ts=None):
    n = len(users)
    columns = {name: np.zeros(n, dtype) for name, dtype in DTYPES.items()}
    columns["user"] = np.array(users, np.int32)
    columns["ts"] = np.array(range(n) if ts is None else ts, np.int64)
    return Events(**columns, user_ids=user_ids)


def test_every_column_has_its_type():
    assert tuple(DTYPES) == COLUMNS
    assert {name: getattr(no_events(), name).dtype for name in COLUMNS} == DTYPES


def test_kinds_are_named_once_and_mean_something():
    assert len(CODE_OF_KIND) == len(KINDS)
    assert all(kind.name.islower() and kind.meaning[0].isupper() for kind in KINDS)


def test_the_stored_codes_of_kinds_stay():
    # Codes lie in databases: whoever changes this order changes what stored events mean.
    stored = (
        "visit play purchase refund search social like dislike save advert help error settings plan upgrade downgrade "
        "cancel login logout"
    )
    assert " ".join(kind.name for kind in KINDS[:19]) == stored


def test_users_of_the_same_id_become_one():
    both = concatenate([frame([0, 1, UNKNOWN_USER], ("a", "b")), frame([0, 1], ("b", "c"))])
    names = [both.user_ids[code] if code != UNKNOWN_USER else None for code in both.user]
    assert (names, both.user_ids) == (["a", "b", None, "b", "c"], ("a", "b", "c"))


def test_taking_events_keeps_the_users():
    taken = frame([0, 1, 0], ("a", "b")).take(np.array([True, False, True]))
    assert (taken.user.tolist(), taken.ts.tolist(), taken.user_ids) == ([0, 0], [0, 2], ("a", "b"))


def test_other_users_for_the_same_events():
    assert frame([0, UNKNOWN_USER], ("a",)).with_users(np.zeros(2, np.int32)).user.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("users", "user_ids"), [([0, 1], ("a",)), ([-2], ("a",)), ([0], ("a", "a"))], ids=["beyond", "below", "twice"]
)
def test_codes_that_point_at_nobody_are_refused(users, user_ids):
    with pytest.raises(ValueError, match="user"):
        frame(users, user_ids)


def test_columns_of_different_lengths_are_refused():
    whole = frame([0], ("a",))
    with pytest.raises(ValueError, match="length"):
        Events(*(getattr(whole, name) for name in COLUMNS[:-1]), np.zeros(2, np.int64), ("a",))


def test_keys_are_the_same_on_every_machine():
    assert key_of("session-1") == 6279388518069433302
