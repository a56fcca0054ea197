import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.columns import DAY_US, no_events
from app.events.labels import LogTooShort, explicit, in_population, log_end, proxy, silence, usual_level
from tests.app.events.logs import at, frame, row

AS_OF = at(100)
USERS = ("ann", "bob", "cy")
LAST = row(at(200), "cy")
"""Keeps the log long enough for every window of these tests."""

rows_before = st.lists(
    st.builds(
        lambda user, day, kind: row(AS_OF - day * DAY_US - 1, user, kind),
        st.sampled_from(USERS), st.integers(0, 95), st.sampled_from(["visit", "cancel", "purchase"]),
    ),
    max_size=15,
)  # fmt: skip
rows_after = st.lists(
    st.builds(
        lambda user, day, kind: row(AS_OF + day * DAY_US, user, kind),
        st.sampled_from(USERS), st.integers(0, 60), st.sampled_from(["visit", "cancel", "purchase"]),
    ),
    max_size=15,
)  # fmt: skip


def log(*rows):
    return frame([*rows, LAST], USERS)


def test_the_explicit_label_counts_a_cancellation_from_the_date_on_and_not_at_the_end_of_the_horizon():
    assert explicit(log(row(AS_OF, "ann", "cancel")), AS_OF, 30).left.tolist() == [True, False, False]
    assert explicit(log(row(AS_OF + 30 * DAY_US - 1, "ann", "cancel")), AS_OF, 30).left[0]
    assert not explicit(log(row(AS_OF + 30 * DAY_US, "ann", "cancel")), AS_OF, 30).left[0]


def test_who_cancelled_before_the_window_or_in_the_lead_has_no_explicit_label():
    early = explicit(
        log(row(AS_OF - 1, "ann", "cancel"), row(AS_OF + 3 * DAY_US, "bob", "cancel")), AS_OF, 30, lead_days=7
    )
    assert early.defined.tolist() == [False, False, True]
    assert not early.left.any()


def test_the_silence_label_counts_from_the_end_of_the_lead():
    events = log(row(AS_OF + 6 * DAY_US, "ann"), row(AS_OF + 7 * DAY_US, "bob"))
    found = silence(events, AS_OF, 30, lead_days=7)
    assert found.left.tolist() == [True, False, True]
    assert found.defined.all()


def test_an_event_of_nobody_breaks_no_silence():
    assert silence(log(row(AS_OF + DAY_US, None)), AS_OF, 30).left.all()


def test_the_proxy_label_asks_for_half_of_the_usual_active_days():
    usual = np.array([0.5, 0.5, 0.0])
    events = log(
        *(row(AS_OF + day * DAY_US, "ann") for day in range(0, 10, 2)), row(AS_OF, "bob"), row(AS_OF + 5, "bob")
    )
    found = proxy(events, AS_OF, 20, usual)
    assert found.left.tolist() == [False, True, False]
    assert found.defined.tolist() == [True, True, False]


def test_the_usual_level_is_active_days_a_day_before_the_date():
    events = log(row(AS_OF - 1, "ann"), row(AS_OF - 2, "ann"), row(AS_OF - 3 * DAY_US, "ann"), row(AS_OF, "bob"))
    assert usual_level(events, AS_OF, 10).tolist() == [0.2, 0.0, 0.0]


def test_the_population_was_active_in_the_window_and_has_not_cancelled():
    events = log(
        row(AS_OF - 90 * DAY_US, "ann"),
        row(AS_OF - 90 * DAY_US - 1, "bob"),
        row(AS_OF - 2, "cy", "cancel"),
        row(AS_OF - 1, "cy"),
    )
    assert in_population(events, AS_OF, 90).tolist() == [True, False, False]


def test_a_label_whose_window_is_not_over_is_refused():
    events = frame([row(at(129.5), "ann")], USERS)
    assert log_end(events) == at(130)
    assert explicit(events, AS_OF, 30).defined.all()
    for label in (explicit, silence):
        with pytest.raises(LogTooShort, match="1 days before"):
            label(events, AS_OF, 30, lead_days=1)
    with pytest.raises(LogTooShort):
        silence(no_events(USERS), AS_OF, 30)


def test_a_horizon_of_no_day_is_refused():
    with pytest.raises(ValueError, match="at least one day"):
        silence(log(), AS_OF, 0)


@given(rows_before, rows_before, rows_after, st.integers(0, 10))
def test_no_label_reads_what_happened_before_the_date(before, other, after, lead):
    cancelled = [entry for entry in other if entry["kind"] == "cancel"]
    ways = (
        lambda events: silence(events, AS_OF, 30, lead),
        lambda events: proxy(events, AS_OF, 30, np.array([0.1, 0.5, 1.0]), lead_days=lead),
    )
    for label in ways:
        first, second = label(log(*before, *after)), label(log(*other, *after))
        assert (first.left == second.left).all()
    # A cancellation before the date only decides whom the question is about.
    first, second = explicit(log(*after), AS_OF, 30, lead), explicit(log(*other, *after), AS_OF, 30, lead)
    assert (second.left == first.left & second.defined).all()
    assert cancelled or (first.defined == second.defined).all()


@given(rows_before, rows_after, rows_after)
def test_neither_population_nor_usual_level_reads_what_happened_later(before, after, other):
    first, second = log(*before, *after), log(*before, *other)
    assert (in_population(first, AS_OF, 30) == in_population(second, AS_OF, 30)).all()
    assert (usual_level(first, AS_OF, 30) == usual_level(second, AS_OF, 30)).all()
