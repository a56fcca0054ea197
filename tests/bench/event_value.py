"""What the value of users costs: a fit to 100,000 customers, answers for all of them, and the answer about one user."""

import statistics
import time
from collections.abc import Callable

import numpy as np

from app.events.columns import CODE_OF_KIND, DAY_US, KINDS, Events
from app.events.value import HORIZONS_DAYS, ValueModel, expected_purchases, value_of
from tests.training.simulated_buyers import simulate_buyers
from training.value_fitting import fit_buying, fit_spending

CUSTOMERS = 100_000
EVENTS_OF_ONE = 10_000
REPEATS = 50


def measure() -> dict[str, float]:
    """Give seconds of the fit and of 100,000 answers, and milliseconds of one user with 10,000 events (the middle)."""
    buyers = simulate_buyers(CUSTOMERS, seed=1)
    begin = time.perf_counter()
    buying, spending = fit_buying(buyers), fit_spending(buyers)
    fitted = time.perf_counter() - begin
    model = ValueModel("0", **buying.values, **spending.values, currency="", trained_on="")
    answered = _seconds(lambda: [expected_purchases(model, buyers, days) for days in HORIZONS_DAYS])
    events = _one_user()
    end = int(events.ts.max()) + 1
    one = statistics.median(_seconds(lambda: value_of(events, end, model)) for _ in range(REPEATS))
    return {"fit_100k_seconds": fitted, "expected_100k_seconds": answered, "one_user_value_ms": one * 1000}


def _one_user() -> Events:
    random = np.random.default_rng(2)
    none = np.zeros(EVENTS_OF_ONE, dtype=np.int64)
    kind = random.integers(0, len(KINDS), EVENTS_OF_ONE).astype(np.int16)
    kind[kind == CODE_OF_KIND["cancel"]] = CODE_OF_KIND["purchase"]
    return Events(
        user=none.astype(np.int32), session=none, item_in_session=none.astype(np.int32),
        ts=random.integers(0, 730 * DAY_US, EVENTS_OF_ONE), kind=kind, value=random.uniform(1, 50, EVENTS_OF_ONE),
        duration_seconds=random.uniform(1, 300, EVENTS_OF_ONE), item=none, level=none, user_ids=("one",),
    )  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
