"""A cursor reads back what was sealed, for its own list only."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidRequest
from app.web.cursors import seal, unseal

QUESTION = ("customers", "value_at_risk", "desc")
some_position = st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), max_size=3)


@given(position=some_position)
def test_a_position_reads_back(position: list[Any]) -> None:
    cursor = seal(QUESTION, position)
    assert unseal(QUESTION, cursor) == position
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("none", [None, ""])
def test_no_cursor_is_the_first_page(none: str | None) -> None:
    assert unseal(QUESTION, none) is None


@given(position=some_position, place=st.integers(0), letter=st.sampled_from("abcXYZ019-_"))
def test_a_changed_cursor_is_refused(position: list[Any], place: int, letter: str) -> None:
    cursor = seal(QUESTION, position)
    place %= len(cursor)
    changed = cursor[:place] + letter + cursor[place + 1 :]
    # The last letter may hold bits that no byte takes.
    if base64.urlsafe_b64decode(changed + "==") == base64.urlsafe_b64decode(cursor + "=="):
        return
    with pytest.raises(InvalidRequest):
        unseal(QUESTION, changed)


@pytest.mark.parametrize("text", ["x", "a" * 2_000, "é", "=", "AAAA", "%00", "a b", "\0"])
def test_what_is_no_cursor_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        unseal(QUESTION, text)
    (problem,) = refused.value.problems
    assert problem.message == "The cursor is not from this list: leave it out to begin at the first page"


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        unseal(("customers", "clv", "desc"), seal(QUESTION, [1, "C-1"]))
