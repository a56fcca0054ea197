"""What scoring needs to know of customer segments: how a frame is assigned, and what the segments are called."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.telecom.features import Columns, FieldSet

Assign = Callable[[Columns, FieldSet, NDArray[np.float64]], NDArray[np.intp]]
"""Modelled columns, which set of fields they are, and the estimated lifetime value (USD), each of n customers, to the
segment of each."""

UNASSIGNED: Final = -1
"""What is stored as the segment of a customer who was scored without segments."""


@dataclass(frozen=True)
class Segmenter:
    """A sealed segment version, ready to assign.

    Attributes
    ----------
    version : str
        The version that assigns.
    assign : callable
        Row i of the answer depends on row i of the input alone, and is a position in ``personas``.
    personas : tuple of str
        What each segment is called, by segment.
    """

    version: str
    assign: Assign
    personas: tuple[str, ...]
