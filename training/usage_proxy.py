"""Two windows of usage and no labels: foresee who will use far less than usual, and answer Yes or No.

Where a table says how much customers used but not who left, usage in a later window stands in for leaving: somebody who
uses less than half of the usual is as good as gone. The model reads the earlier window alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from app.events.labels import USUAL_SHARE
from app.events.leaks import LeakFound, check_no_leak, ranking_strength
from app.events.policy import cut_points_for
from app.performance.held_out import resamples
from training.metrics import churn_figures

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

MONTHS: Final = 3
"""Months of a window."""
HELD_OUT_SHARE: Final = 0.3
DECIMALS: Final = 8
LABEL: Final = (
    f"Minutes, and data of those who used any, all fell under {USUAL_SHARE:.0%} of the customer's own usual amount in "
    "the later window"
)
CUT: Final = "Yes from twice the typical probability on, or half-way from it to certainty where that is less"
_TINY: Final = 1.0  # a minute, a unit of data: the logarithm of nothing is the logarithm of that


@dataclass(frozen=True)
class Window:
    """Usage of n customers in the months of a window, each shape (n, months).

    Attributes
    ----------
    minutes : ndarray
        Minutes of use a month.
    data : ndarray
        Data usage a month, an index without a unit.
    """

    minutes: Floats
    data: Floats


def simulate_windows(customers: int, seed: int) -> tuple[Window, Window]:
    """Draw two windows of usage, one after the other, of customers of an invented population.

    Minutes a month are lognormal around a customer's own level (median 450), data likewise for the 44 % who use any
    (median 300); months scatter by 0.35 in the logarithm. 22 % drift away: from month to month they lose a share drawn
    between 10 % and 45 %. Another 4 % stop in the later window out of the blue, which nobody can foresee.

    Parameters
    ----------
    customers : int
    seed : int
        The same seed and number give the same windows.

    Returns
    -------
    before, after : Window
    """
    rng = np.random.default_rng(seed)
    month = np.arange(2 * MONTHS)
    drift = np.where(rng.random(customers) < 0.22, np.log1p(-rng.uniform(0.10, 0.45, customers)), 0.0)
    stopped = (rng.random(customers) < 0.04)[:, None] & (month >= MONTHS)
    uses_data = rng.random(customers) < 0.44
    usage = []
    for median, spread, users in ((450.0, 0.9, np.ones(customers, np.bool_)), (300.0, 1.2, uses_data)):
        level = np.log(median) + spread * rng.standard_normal(customers)
        scatter = 0.35 * rng.standard_normal((customers, 2 * MONTHS))
        amount = np.exp(level[:, None] + drift[:, None] * month + scatter) * users[:, None]
        usage.append(np.where(stopped, 0.0, amount))
    return tuple(Window(*(amount[:, part] for amount in usage)) for part in (slice(MONTHS), slice(MONTHS, None)))  # type: ignore[return-value]


def fell(before: Window, after: Window, share: float = USUAL_SHARE) -> Booleans:
    """Say who uses less than a share of the usual amount in the later window, of everything he or she used before.

    Returns
    -------
    ndarray of bool, shape (n,)
        A service that was not used before says nothing; who used nothing at all cannot fall (False).
    """
    usual = np.stack([before.minutes.mean(axis=1), before.data.mean(axis=1)])
    later = np.stack([after.minutes.mean(axis=1), after.data.mean(axis=1)])
    answer: Booleans = ((later < share * usual) | (usual == 0)).all(axis=0) & (usual > 0).any(axis=0)
    return answer


def window_features(window: Window) -> dict[str, Floats]:
    """Describe one window: levels, trends and scatter of the logarithms; each shape (n,)."""
    found = {}
    for name, amount in (("minutes", window.minutes), ("data", window.data)):
        logs = np.log(amount + _TINY)
        found[f"{name}_level"] = logs.mean(axis=1)
        found[f"{name}_trend"] = logs[:, -1] - logs[:, 0]
        found[f"{name}_scatter"] = logs.std(axis=1)
    return found


def train_usage_model(
    columns: Mapping[str, Floats], left: Booleans, label: str, label_reads: Collection[str], seed: int
) -> dict[str, Any]:
    """Train a logistic regression on some customers, report it on others, and write the card.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        What the model reads.
    left : ndarray of bool, shape (n,)
        The label.
    label : str
        What it says, for the card.
    label_reads : collection of str
        Columns the label was computed from.
    seed : int
        Seed of the split and of the resamples.

    Returns
    -------
    dict
        ``label``, ``features`` (name, mean, deviation, coefficient), ``intercept``, ``typical_rate``, ``cut_point``,
        ``best_single_feature`` and the ``figures`` of customers that were held out, accuracy beside the majority share.

    Raises
    ------
    LeakFound
        The label can be worked out from the columns alone, or one or two of them all but give it away.
    ValueError
        Only one class occurs.
    """
    if set(label_reads) <= set(columns):
        raise LeakFound(
            f"The label is computed from {' and '.join(sorted(label_reads))}, and from nothing else, and the model "
            "would read the same: its AUC would be 1 by construction, and it would foresee nothing. Label by a later "
            "window than the model reads, or keep the rule as a flag."
        )
    if left.all() or not left.any():
        raise ValueError("every customer has the same label: there is nothing to learn")
    names = list(columns)
    design = np.column_stack([columns[name] for name in names])
    check_no_leak(design, names, left)
    # Its own stream: with the simulator's, those who drift away would be the held-out ones.
    held = np.random.default_rng((seed, 1)).random(len(left)) < HELD_OUT_SHARE
    mean, deviation = design[~held].mean(axis=0), design[~held].std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    fitted = LogisticRegression(max_iter=1000).fit((design[~held] - mean) / deviation, left[~held])
    numbers = np.round(np.stack([mean, deviation, fitted.coef_[0]]), DECIMALS).T.tolist()
    typical = round(float(left[~held].mean()), DECIMALS)
    card: dict[str, Any] = {
        "kind": "usage",
        "label": label,
        "features": [
            {"name": name, "mean": m, "deviation": d, "coefficient": c}
            for name, (m, d, c) in zip(names, numbers, strict=True)
        ],
        "intercept": round(float(fitted.intercept_[0]), DECIMALS),
        "trained_on": int((~held).sum()),
        "typical_rate": typical,
        "cut_point": cut_points_for(typical)[1],
        "cut_rule": CUT,
    }
    alone = [ranking_strength(column[held], left[held]) for column in design.T]
    best = int(np.argmax(alone))
    shown = {name: values[held] for name, values in columns.items()}
    weights = resamples(int(held.sum()), seed, left[held])
    figures = churn_figures(left[held], probability_of(card, shown), card["cut_point"], weights)
    return {**card, "best_single_feature": {"name": names[best], "roc_auc": round(alone[best], 6)}, "figures": figures}


def probability_of(card: Mapping[str, Any], columns: Mapping[str, Floats]) -> Floats:
    """Compute the probability from the card alone; shape (n,).

    Raises
    ------
    KeyError
        A feature of the card is missing.
    """
    eta = card["intercept"] + sum(
        feature["coefficient"] * (columns[feature["name"]] - feature["mean"]) / feature["deviation"]
        for feature in card["features"]
    )
    probability: Floats = 1 / (1 + np.exp(-np.asarray(eta, dtype=np.float64)))
    return probability


def answers(card: Mapping[str, Any], columns: Mapping[str, Floats]) -> list[str]:
    """Answer for each customer: "Yes" from the card's cut-point on, else "No"."""
    return ["Yes" if called else "No" for called in probability_of(card, columns) >= card["cut_point"]]


def train_on_simulated_windows(customers: int, seed: int) -> dict[str, Any]:
    """Go the proxy path from end to end on simulated usage; returns the card with the first ``answers``."""
    before, after = simulate_windows(customers, seed)
    columns = window_features(before)
    card = train_usage_model(columns, fell(before, after), LABEL, ("later minutes", "later data"), seed)
    first = {name: values[:20] for name, values in columns.items()}
    return {**card, "data": f"{customers} simulated customers, seed {seed}", "answers": answers(card, first)}


def told(card: Mapping[str, Any]) -> Sequence[str]:
    """Write the card's figures for a person."""
    figures, best = card["figures"], card["best_single_feature"]
    auc, accuracy = (_between(figures[name]) for name in ("roc_auc", "accuracy"))
    return (
        f"Two windows ({card['data']}): {card['label'][0].lower()}{card['label'][1:]}.",
        f"  ROC-AUC {auc} on {figures['rows']} held-out customers; best single feature: {best['name']} "
        f"{best['roc_auc']:.3f}",
        f"  accuracy {accuracy} at the cut of {card['cut_point']:.2f}; always saying no: "
        f"{figures['majority_share']:.3f}",
        f"  precision {_between(figures['precision'])}, recall {_between(figures['recall'])}",
        f"  the first {len(card['answers'])}: {', '.join(card['answers'])}",
    )


def _between(found: Mapping[str, float]) -> str:
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
