"""Describe segments in a card: sizes, churn rates, values, what sets each apart, and what separates them at all."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.performance.held_out import wilson
from app.segments.assignment import DESCRIBED_BY_NAME
from app.segments.personas import Difference, worth_sentence
from app.telecom.scoring import Scores

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Booleans = NDArray[np.bool_]

PARTED: Final = 0.75
"""Share of a feature's variation that lies between segments from which the segments are said to part it."""


@dataclass(frozen=True)
class Portrait:
    """The training customers with what is known and estimated of them.

    Attributes
    ----------
    values : mapping of str to ndarray, shape (n,)
        Each of ``DESCRIBED``.
    churned : ndarray of bool, shape (n,)
        Whether each customer left.
    scores : Scores
        Lifetime value and risk of each.
    """

    values: Mapping[str, Floats]
    churned: Booleans
    scores: Scores

    @property
    def overall(self) -> dict[str, tuple[float, float]]:
        """Mean and deviation of each value."""
        return {name: (float(values.mean()), float(values.std())) for name, values in self.values.items()}


def means_inside(values: Mapping[str, Floats], inside: Booleans) -> dict[str, float]:
    """Mean of each feature inside a segment; everybody's where nobody is."""
    return {name: float((column[inside] if inside.any() else column).mean()) for name, column in values.items()}


def segment_entry(
    frame: Portrait, segment: int, inside: Booleans, persona: str, ranked: Sequence[Difference], first: str
) -> dict[str, Any]:
    """Write what a card says of one segment; ``inside`` marks its customers, shape (n,)."""
    customers, share = int(inside.sum()), float(inside.mean())
    churn_rate = wilson(int(frame.churned[inside].sum()), customers) if customers else None
    clv, at_risk = frame.scores.clv_usd[inside], frame.scores.value_at_risk_usd[inside]
    mean_clv, second = None, "No training customer belongs here."
    if churn_rate is not None:
        mean_clv = round(float(clv.mean()), 2)
        second = worth_sentence(share, churn_rate, mean_clv)
    return {
        "id": segment,
        "persona": persona,
        "sentences": [first, second],
        "customers": customers,
        "share": round(share, 6),
        "churn_rate": churn_rate,
        "mean_clv_usd": mean_clv,
        "value_at_risk_usd": round(float(at_risk.sum()), 2),
        "differences": [asdict(difference) for difference in ranked],
        "profile": [
            {"feature": difference.feature, "label": difference.label, **_place(frame, inside, difference)}
            for difference in sorted(ranked, key=lambda found: list(DESCRIBED_BY_NAME).index(found.feature))
        ],
    }


def _place(frame: Portrait, inside: Booleans, difference: Difference) -> dict[str, float]:
    """Give the mean place of a segment's customers among all, 0 to 1, equals in the middle of their places, and that of
    everybody, 0.5; for a plan the shares that hold it.
    """
    if DESCRIBED_BY_NAME[difference.feature].flag:
        return {"value": difference.mean, "overall": difference.overall_mean}
    values = frame.values[difference.feature]
    ordered = np.sort(values)
    own = values[inside] if inside.any() else values
    below, not_above = (np.searchsorted(ordered, own, side) for side in ("left", "right"))
    return {"value": round(float((below + not_above).mean()) / 2 / len(values), 4), "overall": 0.5}


def separation(values: Mapping[str, Floats], labels: Integers, names: list[str]) -> list[dict[str, Any]]:
    """Share of each feature's variation that lies between the segments (Fisher's correlation ratio)."""
    shares = []
    for name in names:
        column = values[name]
        means = np.array([column[labels == segment].mean() for segment in range(labels.max() + 1)])[labels]
        share = float(means.var() / column.var()) if column.var() > 0 else 0.0
        shares.append({"feature": name, "label": DESCRIBED_BY_NAME[name].label, "between": round(share, 6)})
    return sorted(shares, key=lambda entry: -entry["between"])


def finding(card: Mapping[str, Any]) -> str:
    """Say what separates, how firmly, and whether it is more than gaps within single fields."""
    at = {name: next(point for point in points if point["k"] == card["k"]) for name, points in card["curves"].items()}
    width, shuffled = at["silhouette"]["value"], at["shuffled"]
    parted = [entry["label"] for entry in card["separation"] if entry["between"] >= PARTED]
    spread = [entry["label"] for entry in card["separation"] if entry["between"] < PARTED]
    told = (
        f"{card['k']} groups hold: mean silhouette {width:.2f} (one cloud without groups: "
        f"{at['one_cloud']['value']:.2f}), and refits on resamples agree by {at['stability']['value']:.2f}."
    )
    if width > shuffled["high"]:
        return f"{told} With each field shuffled on its own it is {shuffled['value']:.2f}: the fields go together."
    gaps = f" Gaps lie in {_listed(parted)}." if parted else ""
    verb = "has no gap and is" if len(spread) == 1 else "have no gaps and are"
    cuts = f" {_listed(spread).capitalize()} {verb} cut where it serves." if spread else ""
    return (
        f"{told} With each field shuffled on its own it is {shuffled['value']:.2f} as well: apart from gaps within "
        f"single fields, the fields are as good as independent.{gaps}{cuts}"
    )


def _listed(labels: Sequence[str]) -> str:
    words = [label[0].lower() + label[1:] for label in labels]
    return " and ".join([", ".join(words[:-1])] * bool(words[:-1]) + words[-1:])
