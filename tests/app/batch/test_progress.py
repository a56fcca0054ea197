"""What a job has counted, and what that says about the time left."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.batch.progress import STABLE_SECONDS, STATES, UNFINISHED, Counts, seconds_left, speed, tier_counts
from app.batch.scoring import ScoredBlock
from app.batch.validation import Problem
from app.telecom.policy import TIERS

MISSING = Problem("state", "missing", "Enter the state")
some_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
some_rows = st.integers(0, 10**9)
some_counts = st.builds(
    Counts,
    *[some_rows] * 6,
    tiers=st.builds(Counter, st.dictionaries(st.sampled_from(TIERS), st.integers(1, 10**6))),
    rejections=st.builds(
        Counter,
        st.dictionaries(st.builds(Problem, some_text, some_text, some_text), st.integers(1, 10**6), max_size=5),
    ),
)


@given(counts=some_counts)
def test_counts_are_read_back_as_they_were(counts: Counts) -> None:
    assert Counts.from_json(counts.to_json()) == counts


def test_a_reason_is_read_back_as_a_reason() -> None:
    counts = Counts.from_json(Counts(rejections=Counter({MISSING: 2})).to_json())
    assert [problem.message for problem in counts.rejections] == ["Enter the state"]


def test_adding_a_chunk_adds_everything_and_changes_neither() -> None:
    chunk = ScoredBlock(
        scored=3, rejected=2, blank_lines=1, without_id=1, with_warnings=2, tiers=Counter(High=2, Low=1),
        rejections=Counter({MISSING: 2}),
    )  # fmt: skip
    first = Counts().plus(chunk, 0)
    both = first.plus(chunk, 4)
    assert both == Counts(6, 4, 2, 4, 2, 4, Counter(High=4, Low=2), Counter({MISSING: 4}))
    assert first == Counts(3, 2, 1, 0, 1, 2, Counter(High=2, Low=1), Counter({MISSING: 2}))
    assert chunk.tiers == Counter(High=2, Low=1)


def test_a_new_job_has_counted_nothing() -> None:
    assert json.loads(Counts().to_json())["scored"] == 0
    assert Counts.from_json(Counts().to_json()) == Counts()


@pytest.mark.parametrize(
    ("rows", "known", "seconds", "pace", "left"),
    [
        (0, 1_000, 0.0, None, None),
        (0, 1_000, 60.0, None, None),
        (500, 1_000, STABLE_SECONDS - 0.1, None, None),
        (500, 1_000, STABLE_SECONDS, 250.0, 2),
        (1_000, 5_000, 4.0, 250.0, 16),
        (999, 1_000, 4.0, 249.75, 0),
        (1_000, 1_000, 4.0, 250.0, 0),
        (1_200, 1_000, 4.0, 300.0, 0),  # the count of line ends was short
        (1, 10**9, 10.0, 0.1, 9_999_999_990),
    ],
)
def test_time_left(rows: int, known: int, seconds: float, pace: float | None, left: int | None) -> None:
    assert speed(rows, seconds) == pace
    assert seconds_left(rows, known, seconds) == left


def test_every_tier_is_told_highest_risk_first() -> None:
    assert list(tier_counts(Counter(Low=3)).items()) == [("High", 0), ("Medium", 0), ("Low", 3)]


def test_a_job_is_finished_in_three_of_its_states() -> None:
    assert set(STATES) - set(UNFINISHED) == {"done", "failed", "cancelled"}
    assert set(UNFINISHED) < set(STATES)
