"""The same figures for parts of the portfolio: by state, area code and plan, small parts left out and counted."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.performance.curves import ranked, roc_auc
from app.performance.held_out import Booleans, Floats, decimal, figure, resamples, wilson

LEAST_CUSTOMERS: Final = 30
LEAST_CHURNED: Final = 5
Labels = NDArray[np.str_]


def slice_tables(
    parts: Mapping[str, tuple[str, Labels]], churned: Booleans, probability: Floats, cut_point: float, seed: int
) -> list[dict[str, Any]]:
    """Give the figures of every slice that is large enough.

    Parameters
    ----------
    parts : mapping of str to (str, ndarray of str, shape (n,))
        Label of each dimension, and the slice each customer belongs to.
    churned, probability : ndarray, shape (n,)
    cut_point : float
        Probability from which a customer is called a leaver.
    seed : int
        Seed of the resamples within each slice.

    Returns
    -------
    list of dict
        A dimension each: ``name``, ``label``, ``rows`` by slice, ``hidden`` (how many slices and customers are not
        shown, for they hold fewer than 30 customers or 5 leavers) and ``message``. A row holds the interval of its
        churn rate, recall and precision (Wilson) and of its AUC (bootstrap; null when nobody in it stayed).
    """
    overall = float(roc_auc(ranked(churned, probability, np.ones((1, len(churned)))))[0])
    tables = []
    for name, (label, labels) in parts.items():
        rows, hidden = [], {"slices": 0, "customers": 0}
        for value in np.unique(labels).tolist():
            inside = labels == value
            if inside.sum() < LEAST_CUSTOMERS or churned[inside].sum() < LEAST_CHURNED:
                hidden = {"slices": hidden["slices"] + 1, "customers": hidden["customers"] + int(inside.sum())}
            else:
                rows.append({"value": value, **_figures(churned[inside], probability[inside], cut_point, seed)})
        message = _message(label, rows, hidden, overall)
        tables.append({"name": name, "label": label, "rows": rows, "hidden": hidden, "message": message})
    return tables


def _figures(churned: Booleans, probability: Floats, cut_point: float, seed: int) -> dict[str, Any]:
    called = probability >= cut_point
    both = not churned.all()
    weights = resamples(len(churned), seed, churned) if both else np.empty((0, 0))
    return {
        "customers": len(churned),
        "churned": int(churned.sum()),
        "churn_rate": wilson(int(churned.sum()), len(churned)),
        "mean_probability": decimal(probability.mean()),
        "recall": wilson(int((churned & called).sum()), int(churned.sum())),
        "precision": wilson(int((churned & called).sum()), int(called.sum())),
        "roc_auc": figure(roc_auc(ranked(churned, probability, weights))) if both else None,
    }


def _message(label: str, rows: list[dict[str, Any]], hidden: dict[str, int], overall: float) -> str:
    if not rows:
        return f"{label}: every part is too small to show."
    below = sum(1 for row in rows if row["roc_auc"] and row["roc_auc"]["high"] < overall)
    worse = "No part ranks" if not below else f"{below} of {len(rows)} parts rank{'s' * (below == 1)}"
    text = f"{label}: {worse} clearly worse than the whole (AUC {overall:.2f})"
    chance = len(rows) / 40
    text += f"; chance alone would give about {chance:.0f}." if below and chance >= 1 else "."
    if hidden["slices"]:
        text += f" {hidden['slices']} small parts ({hidden['customers']} customers) are not shown."
    return text
