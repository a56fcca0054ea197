"""Made-up held-out customers with many equal probabilities, as calibration gives them; and the shipped versions."""

from collections.abc import Iterator

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.application import create_app
from app.performance.held_out import HeldOut, in_order, resamples
from tests.factories import settings_in


def held_out_customers(rows: int = 600, seed: int = 0) -> HeldOut:
    """Customers whose probability is right on average, on a coarse grid, with values of their own."""
    random = np.random.default_rng(seed)
    probability = np.round(random.beta(0.4, 1.6, rows), 2)
    target = random.uniform(500, 9000, rows).round(2)
    order = in_order(probability, target)
    probability, target = probability[order], target[order]
    remaining = (target * random.uniform(0.1, 0.6, rows)).round(2)
    return HeldOut(
        churned=random.random(rows) < probability,
        forest_score=np.round(probability * 0.9, 6),
        churn_probability=probability,
        clv_usd=(target * random.uniform(0.8, 1.2, rows)).round(2),
        target_clv_usd=target,
        remaining_value_usd=remaining,
        predicted_remaining_usd=(remaining * random.uniform(0.8, 1.2, rows)).round(2),
    )


@pytest.fixture(scope="session")
def held_out() -> HeldOut:
    return held_out_customers()


@pytest.fixture(scope="session")
def weights(held_out):
    return resamples(len(held_out.churned), 0, held_out.churned)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A started service for a module's tests, which only read the models."""
    with TestClient(create_app(settings_in(tmp_path_factory.mktemp("data"))), raise_server_exceptions=False) as client:
        yield client
