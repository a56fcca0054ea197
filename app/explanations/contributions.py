"""What each field of a customer adds to the forest's score and to the lifetime value, adding up exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.explanations.folding import bill_money, bill_shares, fold
from app.explanations.trees import Forest
from app.telecom.features import (
    DESIGN_COLUMNS,
    MODELLED_FIELDS,
    MONTHLY_CHARGE,
    Columns,
    FieldSet,
    design_matrix,
)
from app.telecom.scoring import ScoringModel

Floats = NDArray[np.float64]

_PRODUCT: Final = ("account_length", MONTHLY_CHARGE)


@dataclass(frozen=True)
class Explained:
    """Additive contributions for n customers.

    Attributes
    ----------
    fields : tuple of str
        The m typed fields that the model reads, in the order of the columns of ``contributions``.
    base : float
        Where every explanation starts: the mean over the training rows, on the scale of ``total``.
    total : ndarray, shape (n,)
        The forest's score, 0-1 and not calibrated; or the lifetime value, USD and not cut at zero.
    contributions : ndarray, shape (n, m)
        ``base + contributions.sum(axis=1) == total`` up to rounding in the 12th digit.
    """

    fields: tuple[str, ...]
    base: float
    total: Floats
    contributions: Floats


def explain(columns: Columns, model: ScoringModel, forest: Forest) -> Explained:
    """Explain the forest's score of every customer of a frame.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        As for ``scoring.score``.
    model : ScoringModel
        The version that answers.
    forest : Forest
        The trees of the same version.

    Returns
    -------
    Explained
        On the scale of the forest's score. Empty arrays for an empty frame.
    """
    design = design_matrix(columns, model.field_set)
    pieces = forest.contributions(design)
    bill = None
    if model.field_set == "usage":
        place = DESIGN_COLUMNS["usage"].index(MONTHLY_CHARGE)
        bill = pieces[:, [place]] * bill_shares(columns, model.typical)
    folded = fold(pieces, bill, model.field_set)
    return Explained(MODELLED_FIELDS[model.field_set], forest.base, forest.score(design), folded)


@dataclass(frozen=True)
class ClvTerms:
    """The lifetime-value regression of a card as plain numbers.

    Attributes
    ----------
    coefficients : ndarray, shape (k,)
        USD a unit of each design column.
    intercept_usd : float
        USD.
    product_coefficient : float
        USD a unit of tenure x monthly charge; 0 where the charge is unknown.
    means : ndarray, shape (k,)
        Mean of each design column over the training rows.
    """

    field_set: FieldSet
    coefficients: Floats
    intercept_usd: float
    product_coefficient: float
    means: Floats

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "ClvTerms | None":
        """Read the regression; None when the version was sealed without it.

        Raises
        ------
        KeyError, ValueError
            The regression is for other columns or another product than this code has.
        """
        linear = card["clv"].get("linear")
        if linear is None:
            return None
        columns = list(DESIGN_COLUMNS[card["field_set"]])
        product = linear["product"]
        if linear["columns"] != columns or tuple(product or _PRODUCT) != _PRODUCT:
            raise ValueError("the card's regression is for other columns")
        coefficients, means = (np.array(linear[name], dtype=np.float64) for name in ("coefficients", "means"))
        if coefficients.shape != (len(columns),) or means.shape != (len(columns),):
            raise ValueError("the card's regression has another number of coefficients")
        slope = float(linear["product_coefficient"]) if product else 0.0
        return cls(card["field_set"], coefficients, float(linear["intercept_usd"]), slope, means)


def explain_clv(columns: Columns, terms: ClvTerms) -> Explained:
    """Explain the lifetime value of every customer of a frame, in USD.

    A column contributes its coefficient x (value - mean). Of the product of tenure a and bill b with coefficient p each
    factor gets its Shapley value (Shapley, 1953, "A value for n-person games"), half of what it adds alone and half of
    what it adds to the other: p (a - mean a) (b + mean b) / 2 for the tenure. The bill's part is divided among the
    minutes by price x (minutes - mean minutes), whose sum is the bill's own distance from its mean.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        As for ``scoring.score``.
    terms : ClvTerms
        The regression of the version that answers.

    Returns
    -------
    Explained
        ``total`` is the regression's value, which the answer cuts at zero and rounds to cents.
    """
    design = design_matrix(columns, terms.field_set).astype(np.float64)
    names, means = DESIGN_COLUMNS[terms.field_set], terms.means
    deviation = design - means
    slopes = np.broadcast_to(terms.coefficients, design.shape).copy()
    base = float(terms.intercept_usd + means @ terms.coefficients)
    total = terms.intercept_usd + design @ terms.coefficients
    bill = None
    if terms.field_set == "usage":
        first, second = (names.index(name) for name in _PRODUCT)
        slopes[:, first] += terms.product_coefficient * (design[:, second] + means[second]) / 2
        slopes[:, second] += terms.product_coefficient * (design[:, first] + means[first]) / 2
        base += float(terms.product_coefficient * means[first] * means[second])
        total = total + terms.product_coefficient * design[:, first] * design[:, second]
        bill = slopes[:, [second]] * bill_money(deviation)
    folded = fold(slopes * deviation, bill, terms.field_set)
    return Explained(MODELLED_FIELDS[terms.field_set], base, total, folded)
