"""A small sealed event model made by hand: two trees over three features, whose answers anybody can work out."""

import io

import numpy as np

from app.events.feature_table import Windows
from app.events.policy import cut_points_for
from app.events.scoring import CARD_KIND, CARD_SCHEMA, CHURN, EventModel
from app.explanations.trees import Forest

FEATURES = ("days_inactive", "sessions_recent", "help_requests")
TYPICAL_RATE = 0.2


def stump(place, cut, below, above):
    """One tree that asks for one column."""
    return {
        "left": [1, -1, -1],
        "right": [2, -1, -1],
        "feature": [place, -2, -2],
        "cut": [cut, 0.0, 0.0],
        "churn_share": [(below + above) / 2, below, above],
        "weight": [100.0, 50.0, 50.0],
    }


TREES = (stump(0, 30.0, 0.1, 0.9), stump(1, 2.0, 0.6, 0.2), stump(2, 1.0, 0.3, 0.5))


def forest_npz(trees=TREES):
    """The trees as a version keeps them."""
    arrays = {name: np.concatenate([tree[name] for tree in trees]) for name in trees[0]}
    kinds = {"left": np.int32, "right": np.int32, "feature": np.int16}
    buffer = io.BytesIO()
    offset = np.arange(len(trees) + 1) * 3
    np.savez_compressed(buffer, offset=offset, **{name: arrays[name].astype(kinds.get(name, float)) for name in arrays})
    return buffer.getvalue()


FOREST = Forest.from_npz(forest_npz())


def graph(design):
    """Answer as the sealed graph would."""
    return (FOREST.score(design).astype(np.float32),)


def card(**changes):
    """A card of this model; keywords replace whole entries."""
    return {
        "schema": CARD_SCHEMA,
        "kind": CARD_KIND,
        "name": CHURN,
        "version": "1",
        "windows": {"observation_days": 90, "recent_days": 30},
        "label": {"kind": "explicit", "horizon_days": 30, "lead_days": 0},
        "features": [
            {"name": name, "typical": typical, "training_range": [0.0, most]}
            for name, typical, most in zip(FEATURES, (2.5, 9.0, 0.0), (90.0, 60.0, 12.0), strict=True)
        ],
        "calibration": {
            "knots": {
                "score": [0.0, 0.5, 1.0],
                "probability": [0.05, 0.2, 0.8],
                "low": [0.0, 0.1, 0.7],
                "high": [0.1, 0.3, 0.9],
            }
        },
        "seasons": {"shifts": [{"day_of_year": 0.0, "log_odds": 0.7}]},
        "policy": {"typical_rate": TYPICAL_RATE, "tier_cut_points": list(cut_points_for(TYPICAL_RATE))},
        **changes,
    }


MODEL = EventModel.from_card(card(), graph)
WINDOWS = Windows()
