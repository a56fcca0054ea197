"""Compare figures that a test derives with those that a card prints."""

from typing import Any

import pytest


def assert_same(derived: Any, printed: Any, place: str = "card", rel: float = 1e-5, near: float = 2e-6) -> None:
    """Hold a derived part of a card to the printed one: the same keys and lengths, numbers up to their rounding."""
    if isinstance(printed, dict):
        assert derived.keys() == printed.keys(), place
        for name, value in printed.items():
            assert_same(derived[name], value, f"{place}.{name}", rel, near)
    elif isinstance(printed, list):
        assert len(derived) == len(printed), place
        for position, value in enumerate(printed):
            assert_same(derived[position], value, f"{place}[{position}]", rel, near)
    elif isinstance(printed, float):
        assert derived == pytest.approx(printed, rel=rel, abs=near), place
    else:
        assert derived == printed, place
