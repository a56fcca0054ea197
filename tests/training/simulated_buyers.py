"""Buyers drawn from BG/NBD with Gamma-Gamma: the process itself, step by step, to find its parameters again."""

import numpy as np

from app.events.purchases import PurchaseSummary


def simulate_buyers(
    count, *, r=0.8, alpha_days=60.0, a=0.5, b=3.0, p=6.0, q=4.0, v=15.0, oldest_days=730.0, seed=0, whole_days=False
):
    """Draw buyers whose first purchase lies up to ``oldest_days`` back, evenly spread over the last three quarters."""
    random = np.random.default_rng(seed)
    rate, stops = random.gamma(r, 1 / alpha_days, count), random.beta(a, b, count)
    age = random.uniform(oldest_days / 4, oldest_days, count)
    x, recency, moment = np.zeros(count), np.zeros(count), np.zeros(count)
    active = np.arange(count)
    while len(active):
        moment[active] += random.exponential(1.0, len(active)) / rate[active]
        active = active[moment[active] < age[active]]
        x[active] += 1
        recency[active] = moment[active]
        active = active[random.random(len(active)) >= stops[active]]
    total = random.gamma(np.maximum(p * x, 1.0)) / random.gamma(q, 1 / v, count)
    mean = np.where(x > 0, total / np.maximum(x, 1), 0.0)
    if whole_days:
        recency, age = np.floor(recency), np.floor(age)
    return PurchaseSummary(np.ones(count, dtype=np.bool_), x, recency, age, x, mean)
