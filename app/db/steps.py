"""Coarse steps of an amount in cents, so that an index in their order is written in few places however long it is.

An index by the amount itself is written in as many places as a file has rows: each row of a large table costs a page of
its own. In an index by step and id, customers who come in the order of their ids land beside each other, in one place a
step. Within a step a reader sorts; steps are a 64th to a 128th of their amount wide, so there is little to sort.
"""

from typing import Final

_IN_AN_OCTAVE: Final = 64
"""Steps from one amount to its double."""
_EXACT: Final = 2 * _IN_AN_OCTAVE
"""Smaller amounts have a step of their own, so that many who are worth nothing need no sorting."""
_WIDTHS: Final = 30
"""How often steps double their width; amounts of 1.37 billion dollars and more share the last step."""


def step_of(amount: int) -> int:
    """Give the step of an amount; a larger amount never has a smaller one.

    Examples
    --------
    >>> [step_of(amount) for amount in (-1, 0, 127, 128, 129, 130, 100_000, 103_000, 2**63)]
    [-1, 0, 127, 128, 128, 129, 737, 740, 2048]
    """
    doublings = min((max(amount, 0) // _EXACT).bit_length(), _WIDTHS)
    return min(amount >> doublings, _EXACT) + _IN_AN_OCTAVE * doublings


def is_exact(step: int) -> bool:
    """Say whether all amounts of a step are the same."""
    return step < _EXACT
