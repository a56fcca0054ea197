from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events.columns import concatenate, no_events
from app.events.histories import LARGEST_AMOUNT
from app.events.purchases import PurchaseSummary, has_cancelled, purchase_summary
from tests.app.events.logs import at, frame, row

DAY_50, DAY_100 = at(50), at(100)
COLUMNS = tuple(PurchaseSummary.__dataclass_fields__)


def bought(day, value=10.0, user_id="ann", hour=9, kind="purchase"):
    return row(at(day, hour), user_id, kind, value=value)


def gave_back(day, value, **changes):
    return bought(day, value, kind="refund", **changes)


def of_ann(rows, as_of=DAY_100):
    summary = purchase_summary(frame(rows, ["ann"]), as_of)
    return {name: getattr(summary, name)[0].item() for name in COLUMNS}


def test_a_user_is_summed_up_in_days():
    told = of_ann([bought(10), bought(15, 20.0), bought(40, 30.0)])
    assert told == {
        "has_bought": True, "frequency": 2, "recency_days": 30, "age_days": 90, "spend_days": 2, "mean_spend": 25,
    }  # fmt: skip


def test_purchases_on_one_day_count_as_one_and_their_money_together():
    once = of_ann([bought(10), bought(20, 70.0)])
    assert of_ann([bought(10, 1.0), bought(10, 4.0, hour=23), bought(20, 30.0), bought(20, 40.0, hour=0)]) == once


def test_the_day_of_the_first_purchase_tells_nothing_of_the_spend():
    told = of_ann([bought(10, 999.0)])
    assert (told["frequency"], told["spend_days"], told["mean_spend"]) == (0, 0, 0)


def test_a_refund_is_taken_off_the_purchase_before_it():
    assert of_ann([bought(10), bought(20, 70.0), gave_back(25, 30.0), bought(30, 50.0)])["mean_spend"] == 45
    assert of_ann([bought(10), gave_back(12, 5.0), bought(20, 70.0)])["mean_spend"] == 70
    assert of_ann([bought(10), bought(20, 70.0), gave_back(20, 20.0, hour=1)])["mean_spend"] == 50


def test_a_refund_before_any_purchase_or_of_somebody_else_changes_nothing():
    log = [bought(10), bought(20, 70.0)]
    assert of_ann([gave_back(5, 30.0), *log]) == of_ann(log)
    assert of_ann([*log, gave_back(21, 30.0, user_id="bob")]) == of_ann(log)
    assert of_ann([gave_back(5, 30.0)])["has_bought"] is False


def test_more_given_back_than_paid_is_nothing_spent():
    assert of_ann([bought(10), bought(20, 70.0), gave_back(25, 100.0)])["mean_spend"] == 0


def test_money_that_is_not_known_is_not_counted_as_nothing():
    told = of_ann([bought(10), bought(20, None), bought(30, 40.0)])
    assert (told["frequency"], told["spend_days"], told["mean_spend"]) == (2, 1, 40)


def test_amounts_count_within_bounds():
    assert of_ann([bought(10), bought(20, -5.0)])["mean_spend"] == 0
    assert of_ann([bought(10), bought(20, 1e300), bought(20, 1e308)])["mean_spend"] == 2 * LARGEST_AMOUNT


def test_other_events_and_nobodys_purchases_are_left_out():
    log = [bought(10), bought(20)]
    assert of_ann([*log, row(at(30), kind="play", value=5.0), bought(40, user_id=None)]) == of_ann(log)


def test_a_user_without_a_purchase_is_a_row_of_zeros():
    assert set(of_ann([row(at(30), kind="play")]).values()) == {0}
    assert len(purchase_summary(no_events(("ann", "bob")), at(0))) == 2
    assert len(purchase_summary(no_events(), at(0))) == 0


def test_the_age_counts_the_part_of_a_day_and_never_less_than_the_recency():
    told = of_ann([bought(10), bought(20, hour=8)], as_of=at(20, 12))
    assert (told["recency_days"], told["age_days"]) == (10, 10.5)


def test_days_of_one_user_never_reach_into_those_of_the_next():
    log = [bought(90, user_id="ann"), bought(95, 7.0, "ann"), bought(1, user_id="bob"), bought(99, 9.0, "bob")]
    log += [gave_back(98, 2.0, user_id="ann"), gave_back(0, 5.0, user_id="bob")]
    summary = purchase_summary(frame(log), at(100))
    assert summary.mean_spend.tolist() == [5, 9]
    assert summary.age_days.tolist() == [10, 99]


events_of_few = st.lists(
    st.builds(
        bought,
        st.integers(0, 60),
        st.one_of(st.none(), st.floats(-10, 1e6)),
        st.sampled_from(["ann", "bob", "eve", None]),
        st.integers(0, 23),
        st.sampled_from(["purchase", "purchase", "refund", "play", "cancel"]),
    ),
    max_size=25,
)
USERS = ("ann", "bob", "eve")


def told(rows, as_of=DAY_50):
    events = frame(rows, USERS)
    summary = purchase_summary(events, as_of)
    return [getattr(summary, name).tolist() for name in COLUMNS] + [has_cancelled(events, as_of).tolist()]


@settings(deadline=None)
@given(events_of_few, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_and_what_comes_after_the_date_change_nothing(rows, random):
    mixed = random.sample(rows, len(rows))
    assert told(mixed) == told(rows)
    assert told([each for each in rows if each["ts"] < at(50)]) == told(rows)


@settings(deadline=None)
@given(events_of_few)
def test_users_apart_are_as_users_together(rows):
    together = purchase_summary(frame(rows, USERS), at(50))
    for place, user_id in enumerate(USERS):
        alone = purchase_summary(frame([each for each in rows if each["user_id"] == user_id], [user_id]), at(50))
        assert [getattr(alone, name)[0] for name in COLUMNS] == [getattr(together, name)[place] for name in COLUMNS]


def test_money_of_a_day_adds_up_to_the_same_in_any_order():
    amounts = (0.1, 0.2, 0.3, 1e8)
    parts = [frame([bought(5, amount)], ["ann"]) for amount in amounts]
    first = frame([bought(1)], ["ann"])
    means = {purchase_summary(concatenate([*order, first]), at(100)).mean_spend[0] for order in permutations(parts)}
    assert len(means) == 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], False),
        ([bought(1)], False),
        ([bought(1), row(at(2), kind="cancel")], True),
        ([bought(1), row(at(2), kind="cancel"), row(at(3), kind="logout")], True),
        ([bought(1), row(at(2), kind="cancel"), bought(3)], False),
        ([bought(1, hour=9), row(at(1, 9), kind="cancel")], True),
        ([bought(1), row(at(60), kind="cancel")], False),
        ([bought(1), row(at(2), user_id=None, kind="cancel")], False),
    ],
)
def test_who_cancelled_and_has_not_bought_since(rows, expected):
    assert has_cancelled(frame(rows, ["ann"]), at(50)).tolist() == [expected]


def test_a_summary_can_be_cut():
    summary = purchase_summary(frame([bought(1), bought(2, user_id="bob"), bought(4, user_id="bob")]), at(9))
    assert summary.take(summary.frequency > 0).age_days.tolist() == [7]
    assert summary.take(np.array([1, 0])).recency_days.tolist() == [2, 0]
