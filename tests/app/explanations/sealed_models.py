"""The shipped versions ready to be explained, and frames of any accepted customers for them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from app.explanations.contributions import ClvTerms
from app.explanations.trees import TREES, Forest
from app.registry.artifacts import SealedVersion
from app.registry.service import load_registry, read_file
from app.settings import ROOT
from app.telecom.features import DESIGN_COLUMNS, FIELD_BY_NAME, MINUTE_NAMES, MODELLED_FIELDS, Columns
from app.telecom.scoring import ScoringModel

FIELD_SETS = ("core", "usage")


@dataclass(frozen=True)
class Shipped:
    """One sealed version with what explains it."""

    card: dict[str, Any]
    scoring: ScoringModel
    forest: Forest
    terms: ClvTerms


def _terms(sealed: SealedVersion) -> dict[str, Any]:
    """Read the regression off the graph, which is linear but for the product of tenure and bill."""
    names = list(DESIGN_COLUMNS[sealed.card["field_set"]])
    probes = np.vstack([np.zeros(len(names)), np.eye(len(names))]).astype(np.float32)
    product = ["account_length", "monthly_charge_usd"] if "monthly_charge_usd" in names else None
    if product:
        both = np.zeros((1, len(names)), dtype=np.float32)
        both[0, [names.index(name) for name in product]] = 1.0
        probes = np.vstack([probes, both])
    assert sealed.graph is not None
    values = sealed.graph(probes)[1]
    slopes = values[1 : len(names) + 1] - values[0]
    twofold = values[-1] - values[0] - sum(slopes[names.index(name)] for name in product or ())
    return {
        "columns": names,
        "coefficients": slopes.tolist(),
        "intercept_usd": float(values[0]),
        "product": product,
        "product_coefficient": float(twofold) if product else 0.0,
        "means": np.array(sealed.card["golden"]["design"]).mean(axis=0).tolist(),
    }


def _shipped(field_set: str) -> Shipped:
    sealed = load_registry(ROOT / "models").champions[f"telecom-{field_set}"]
    assert sealed.graph is not None
    card = {**sealed.card, "clv": {"linear": _terms(sealed), **sealed.card["clv"]}}
    terms = ClvTerms.from_card(card)
    assert terms is not None
    forest = Forest.from_npz(read_file(sealed, TREES))
    return Shipped(card, ScoringModel.from_card(sealed.card, sealed.graph), forest, terms)


SHIPPED = {field_set: _shipped(field_set) for field_set in FIELD_SETS}


def frames(field_set: str, largest: int = 20) -> st.SearchStrategy[Columns]:
    """Frames of customers that the service accepts: half of the values as customers have them, half anything."""
    card = SHIPPED[field_set].card["fields"]
    names = MODELLED_FIELDS[field_set]  # type: ignore[index]

    def value(name: str) -> st.SearchStrategy[float]:
        field = FIELD_BY_NAME[name]
        low, high = card[name]["training_range"]
        if name in MINUTE_NAMES:
            return st.floats(low, high).map(lambda minutes: round(minutes, 1)) | st.floats(0, field.maximum)
        usual = st.integers(int(low), int(high))
        return (usual | st.integers(0, int(field.maximum))).map(float)

    def build(rows: list[tuple[float, ...]]) -> Columns:
        return {name: np.array([row[place] for row in rows]) for place, name in enumerate(names)}

    return st.lists(st.tuples(*(value(name) for name in names)), min_size=1, max_size=largest).map(build)


def typical_customer(field_set: str, **changes: float) -> dict[str, float]:
    """The values of a customer who is typical but for the changes."""
    return {**SHIPPED[field_set].scoring.typical, **changes}


def frame_of(*customers: dict[str, float]) -> dict[str, np.ndarray[Any, Any]]:
    """Lay customers out as a frame."""
    return {name: np.array([customer[name] for customer in customers]) for name in customers[0]}
