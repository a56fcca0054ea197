"""Rows of users at dates without a log: features drawn at random, one of which says who leaves."""

import numpy as np

from app.events.columns import DAY_US
from app.events.feature_table import FEATURE_NAMES
from training.event_grid import Rows

FIRST = int(np.datetime64("2025-01-01", "us").astype(np.int64))


def rows_of(users=600, dates=(0, 30, 60), seed=0, base=-1.5, prefix="u", features=FEATURE_NAMES):
    """Rows of the same users at days after ``FIRST``; the first two features raise and lower the risk."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(users * len(dates), len(features)))
    chance = 1 / (1 + np.exp(-(base + 1.2 * values[:, 0] - 0.8 * values[:, 1])))
    return Rows(
        values,
        random.random(len(values)) < chance,
        np.array([f"{prefix}{number}" for number in range(users)] * len(dates), dtype=np.str_),
        np.repeat([FIRST + day * DAY_US for day in dates], users),
        features,
    )
