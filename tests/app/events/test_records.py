"""Records and digests: what is stored reads back as the frame, and two events are one when all fields are."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.columns import COLUMNS, Events
from app.events.records import (
    FIELDS,
    RECORD,
    digest_of,
    digests_of,
    events_of,
    frame_of,
    frame_of_records,
    pack,
    pack_all,
)
from tests.app.events import logs

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=12)
NUMBER = st.floats(-1e15, 1e15).map(lambda number: number + 0.0)
ROWS = st.fixed_dictionaries({
    "user_id": st.none() | TEXT,
    "session_id": st.none() | TEXT,
    "item_in_session": st.none() | st.integers(0, 2**31 - 1),
    "ts": st.integers(0, 2**60),
    "kind": st.sampled_from(["play", "purchase", "something else"]),
    "value": st.none() | NUMBER,
    "duration_seconds": st.none() | st.floats(0, 1e15),
    "item_id": st.none() | TEXT,
    "level": st.none() | TEXT,
})  # fmt: skip


def assert_same(one: Events, other: Events) -> None:
    assert one.user_ids == other.user_ids
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_a_record_has_56_bytes_of_little_endian_numbers() -> None:
    assert RECORD.itemsize == 56
    packed = pack(logs.row(ts=258, value=1.5, item_in_session=3))
    assert packed[:8] == (258).to_bytes(8, "little")
    assert len(packed) == 56
    assert packed.endswith(b"\0\0"), "the padding is written as zeros, so equal rows are equal bytes"


@given(st.lists(ROWS, max_size=8))
def test_a_frame_of_rows_is_the_one_written_by_hand(rows: list[dict[str, object]]) -> None:
    assert_same(frame_of(rows), logs.frame(rows))


@given(st.lists(ROWS, max_size=8))
def test_stored_records_read_back_as_the_frame(rows: list[dict[str, object]]) -> None:
    whole = frame_of(rows)
    assert_same(frame_of_records(b"".join(pack(row) for row in rows), whole.user, whole.user_ids), whole)
    assert pack_all(rows) == b"".join(pack(row) for row in rows)


def test_the_records_of_one_user_are_all_theirs() -> None:
    rows = logs.visits("ann", 0, 1, 5)
    assert_same(events_of("ann", pack_all(rows)), logs.frame(rows))
    assert len(events_of("ann", b"")) == 0


@pytest.mark.parametrize("data", [b"\0" * 55, b"\0" * 112])
def test_torn_records_and_wrong_numbers_of_users_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"size|length"):
        frame_of_records(data, np.zeros(1, np.int32), ("ann",))


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_makes_another_event(field: str) -> None:
    other = {"ts": 1, "item_in_session": 1, "value": 2.0, "duration_seconds": 2.0}.get(field, "other")
    assert digest_of(logs.row()) != digest_of(logs.row() | {field: other})


@given(ROWS, ROWS)
def test_two_rows_have_one_digest_only_when_they_are_equal(one: dict[str, object], other: dict[str, object]) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)


def test_the_same_text_in_another_field_is_another_event() -> None:
    fields = ("user_id", "session_id", "item_id", "level")
    empty = dict.fromkeys(fields)
    digests = digests_of([logs.row(**(empty | {field: "x"})) for field in fields])
    assert len(set(digests)) == len(fields)


def test_digests_are_what_they_were_when_the_first_events_were_stored() -> None:
    row = logs.row(user_id="ann", kind="purchase", value=2.5, level="paid")
    text = f"ann\0s1\x000\0{row['ts']}\0purchase\x002.5\0\0\0paid"
    expected = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
    assert digest_of(row) == expected
    assert 0 <= digest_of(row) < 2**63
