"""The sealed forest as plain arrays: its score in double precision, and exact Shapley contributions of its columns.

The arrays come from a version's ``trees.npz``; they are plain numbers. The contributions are path-dependent TreeSHAP
(Lundberg et al., 2020, "From local explanations to global understanding with explainable AI for trees") as the ``shap``
library computes it.
"""

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.explanations import tree_shap

Floats = NDArray[np.float64]
Design = NDArray[np.float32]

TREES: Final = "trees.npz"
"""The file of a sealed version that holds the arrays."""
_LEAF: Final = -1


@dataclass(frozen=True)
class Forest:
    """Trees one after the other; the nodes of tree t are ``offset[t]`` to ``offset[t + 1]``.

    Attributes
    ----------
    offset : ndarray of int, shape (t + 1,)
        Where each tree begins.
    left, right : ndarray of int, shape (nodes,)
        Position of the children within the tree; -1 at a leaf.
    feature : ndarray of int, shape (nodes,)
        Design column that a node asks for; negative at a leaf.
    cut : ndarray of float64, shape (nodes,)
        A value goes left when it is not larger.
    churn_share : ndarray of float64, shape (nodes,)
        Share of churners among the node's training rows, 0-1; a leaf's is the tree's answer.
    weight : ndarray of float64, shape (nodes,)
        Training rows that came through the node, which is what makes a contribution path-dependent.

    Raises
    ------
    ValueError
        The arrays are not trees: lengths differ, there is no tree, or a child is no later node of its own tree.
    """

    offset: NDArray[np.int64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int16]
    cut: Floats
    churn_share: Floats
    weight: Floats

    def __post_init__(self) -> None:
        nodes = len(self.left)
        sizes = np.diff(self.offset)
        arrays = (self.right, self.feature, self.cut, self.churn_share, self.weight)
        if any(len(array) != nodes for array in arrays) or not len(sizes) or (sizes < 1).any():
            raise ValueError("the arrays of the trees differ in length or hold no tree")
        if self.offset[0] != 0 or self.offset[-1] != nodes:
            raise ValueError("the trees do not cover the arrays")
        size_of_own = np.repeat(sizes, sizes)
        place = np.arange(nodes) - np.repeat(self.offset[:-1], sizes)
        inner = self.left != _LEAF
        for child in (self.left, self.right):
            if ((child <= place) | (child >= size_of_own))[inner].any():
                raise ValueError("a node's child is not a later node of its tree")
        if (self.feature[inner] < 0).any() or (self.weight <= 0).any():
            raise ValueError("a node asks for no column, or no training row came through it")

    @classmethod
    def from_npz(cls, content: bytes) -> "Forest":
        """Read the arrays of a sealed version; raises ValueError or KeyError when they are no trees."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return cls(*(arrays[name] for name in _ARRAYS))

    @property
    def base(self) -> float:
        """Mean score over the training rows, oversampled ones included: where every explanation starts, 0-1."""
        return float(self.churn_share[self.offset[:-1]].mean())

    def score(self, design: Design) -> Floats:
        """Walk every row down every tree and average the leaves: shape (n,), 0-1, in double precision."""
        rows = np.arange(len(design))[:, None]
        root = self.offset[:-1]
        place = np.broadcast_to(root, (len(design), len(root))).copy()
        while (inner := self.left[place] != _LEAF).any():
            # A leaf asks for no column; it is asked for the first one, and stays where it is.
            goes_left = design[rows, np.where(inner, self.feature[place], 0)] <= self.cut[place]
            child = np.where(goes_left, self.left[place], self.right[place])
            place = np.where(inner, root + child, place)
        score: Floats = self.churn_share[place].mean(axis=1)
        return score

    def contributions(self, design: Design) -> Floats:
        """Say what each design column adds to the score of each row.

        Parameters
        ----------
        design : ndarray, shape (n, k), float32
            As ``features.design_matrix`` lays it out.

        Returns
        -------
        ndarray, shape (n, k), float64
            On the scale of the score: ``base + contributions.sum(axis=1) == score`` up to rounding in the 15th digit.
            Empty input gives shape (0, k).

        Raises
        ------
        ValueError
            The trees ask for a column that the matrix does not have.
        """
        if design.shape[1] <= self.feature.max():
            raise ValueError("the trees ask for a column that the design matrix does not have")
        return tree_shap.contributions(self._dictionaries, design)

    @cached_property
    def _dictionaries(self) -> list[dict[str, Any]]:
        return [self._as_dictionary(number) for number in range(len(self.offset) - 1)]

    def _as_dictionary(self, number: int) -> dict[str, Any]:
        nodes = slice(self.offset[number], self.offset[number + 1])
        return {
            "children_left": self.left[nodes],
            "children_right": self.right[nodes],
            "features": self.feature[nodes],
            "thresholds": self.cut[nodes],
            "values": self.churn_share[nodes].reshape(-1, 1) / (len(self.offset) - 1),
            "node_sample_weight": self.weight[nodes],
        }


_ARRAYS: Final = ("offset", "left", "right", "feature", "cut", "churn_share", "weight")
