import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.events import diversity, histories
from app.events.columns import DAY_US, concatenate
from app.events.feature_table import Windows
from app.events.features import features_as_of
from app.events.histories import packed
from tests.app.events.logs import at, frame, row, simulated, visits

AS_OF = at(100)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-(2**40), 2**40), st.integers(0, 5)), min_size=1))
def test_a_packed_column_sorts_as_the_columns_do(rows):
    columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]
    key = packed(*columns)
    assert key is not None
    assert [rows[place] for place in np.argsort(key, kind="stable")] == sorted(rows)
    assert all(column.tolist() == list(values) for column, values in zip(columns, zip(*rows, strict=True), strict=True))


def test_columns_that_need_more_than_63_bits_are_sorted_one_by_one(monkeypatch):
    log = simulated()
    as_of = log.start + 90 * DAY_US
    expected = features_as_of(log.events, as_of, Windows()).values.tobytes()
    for module in (histories, diversity):
        monkeypatch.setattr(module, "packed", lambda *columns: None)
    assert features_as_of(log.events, as_of, Windows()).values.tobytes() == expected


def test_a_history_holds_known_users_events_before_the_date_in_order_of_user_and_time():
    rows = [*visits("bob", 99, 97, 101), *visits(None, 98), *visits("ann", 98, 96)]
    ((users, history),) = histories.histories(frame(rows, ("ann", "bob", "cy")), AS_OF)
    assert (users, history.users) == (slice(0, 3), 3)
    assert history.user.tolist() == [0, 0, 1, 1]
    assert history.age.tolist() == [3, 1, 2, 0]


def test_events_of_one_moment_follow_their_number_in_the_session():
    rows = [row(at(99), item_in_session=number, value=float(9 - number)) for number in (3, 1, 0, 2)]
    ((_, history),) = histories.histories(frame(rows), AS_OF)
    assert history.value.tolist() == [9, 8, 7, 6]


def test_every_user_comes_once_and_in_order_however_large_the_blocks_are(monkeypatch):
    events = concatenate([frame([], ("idle",)), frame([*visits("ann", *range(9)), *visits("bob", 1), *visits(None, 3)],
                                                       ("ann", "idle too", "bob", "idle again"))])  # fmt: skip
    for size in (1, 4, 9, 10):
        monkeypatch.setattr(histories, "EVENTS_IN_A_BLOCK", size)
        blocks = [(block, history.users, len(history.ts)) for block, history in histories.histories(events, AS_OF)]
        assert [place for block, _, _ in blocks for place in range(5)[block]] == list(range(5))
        assert sum(count for _, _, count in blocks) == 10
        assert all(users == block.stop - block.start for block, users, _ in blocks)


def test_amounts_are_never_missing_negative_or_endless():
    rows = [row(at(99, 0, second), value=value) for second, value in enumerate([None, -5.0, 3.0, 1e300])]
    ((_, history),) = histories.histories(frame(rows), AS_OF)
    assert history.value.tolist() == [0, 0, 3, histories.LARGEST_AMOUNT]
