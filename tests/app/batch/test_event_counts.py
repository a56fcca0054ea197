"""What a job over events has counted: read back as it was, added up chunk by chunk, and bounded."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batch.event_counts import MOST_KINDS, OTHER_KINDS, EventCounts
from app.batch.validation import Problem

MISSING = Problem("ts", "missing", "Enter the time")
NUMBERS = st.integers(0, 10**9)
NAMED = st.dictionaries(st.text(max_size=5), st.integers(1, 10**6), max_size=4).map(Counter)
COUNTS = st.builds(
    EventCounts,
    accepted=NUMBERS,
    duplicates=NUMBERS,
    rejected=NUMBERS,
    blank_lines=NUMBERS,
    rejections=st.dictionaries(st.builds(Problem, *[st.text(max_size=5)] * 3), NUMBERS, max_size=3).map(Counter),
    unknown_kinds=NAMED,
    identified=st.none() | NUMBERS,
    unidentified=NAMED,
    users=st.none() | NUMBERS,
)


def a_chunk(**changes: Any) -> dict[str, Any]:
    """What became of a chunk of nothing, and the changes."""
    nothing = {"accepted": 0, "duplicates": 0, "rejected": 0, "blank_lines": 0}
    return {**nothing, "rejections": Counter(), "unknown_kinds": Counter(), **changes}


@given(COUNTS)
def test_counts_are_read_back_as_they_were(counts: EventCounts) -> None:
    assert EventCounts.from_json(counts.to_json()) == counts


def test_chunks_add_up_and_leave_what_was_counted_before_alone() -> None:
    chunk = a_chunk(accepted=5, duplicates=2, rejected=1, blank_lines=3, rejections=Counter({MISSING: 1}))
    first = EventCounts().plus(**chunk)
    both = first.plus(**chunk)
    assert (both.accepted, both.duplicates, both.rejected, both.blank_lines) == (10, 4, 2, 6)
    assert (both.rejections, both.rows) == (Counter({MISSING: 2}), 16)
    assert first.rows == 8


def test_whose_the_events_are_is_not_known_before_the_end() -> None:
    assert (EventCounts().identified, EventCounts().users) == (None, None)
    assert EventCounts().plus(**a_chunk(accepted=1)).identified is None


@pytest.mark.parametrize("at_once", [1, 7, 1_000])
def test_kinds_without_end_are_counted_together_behind_the_first(at_once: int) -> None:
    counts = EventCounts()
    for start in range(0, 1_000, at_once):
        kinds = Counter({f"kind {number}": 2 for number in range(start, min(1_000, start + at_once))})
        counts = counts.plus(**a_chunk(unknown_kinds=kinds))
    assert len(counts.unknown_kinds) == MOST_KINDS + 1
    assert counts.unknown_kinds["kind 0"] == 2
    assert counts.unknown_kinds[OTHER_KINDS] == 2 * (1_000 - MOST_KINDS)
    assert counts.unknown_kinds.total() == 2_000
