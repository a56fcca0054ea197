"""Fill a database with customers as a batch job would, and time what the customer routes answer over all of them."""

import itertools
import json
import random
import time
import urllib.parse
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine

from app.db.engine import open_engine
from app.db.upgrade import upgrade
from app.predictions.store import insert_predictions
from app.registry.service import load_registry
from app.settings import ROOT
from app.telecom.features import FIELDS, MODELLED_FIELDS, monthly_charge_usd
from app.telecom.policy import TIERS
from app.telecom.scoring import ScoringModel, score
from tests.server_process import LOOPBACK, ServerProcess
from training.simulate import simulate

CUSTOMERS = 1_200_000
FIRST_ID = 1_000_000
CHUNK = 4_000
ROUNDS = 4
LOOK_UPS = 400
SORTS = ("value_at_risk", "probability", "clv", "last_seen")
ORDERS = ("desc", "asc")
SEGMENTS = (0, 1, 2, 0, 2, 0, 2, 0, 3, 2)
"""The segments of ten customers who follow each other: the second has a tenth of them."""
FILTERS: dict[str, dict[str, str]] = {
    "none": {},
    "tier": {"tier": "High"},
    "few ids": {"q": "C-12345"},
    "many ids": {"q": "C-12"},
    "most ids": {"q": "C-1"},
    "few values": {"min_clv": "16000"},
    "many values": {"min_clv": "9000"},
    "known to have left": {"outcome": "left"},
    "all": {"outcome": "all"},
    "segment": {"segment": "1"},
    "tier and value band": {"tier": "High", "value_band": "high"},
    "lesser value": {"value_band": "standard"},
    "tier, ids and values": {"tier": "Low", "q": "C-12", "min_clv": "9000", "outcome": "all"},
}
MODEL = "telecom-usage"


def fill(database: Path, customers: int = CUSTOMERS, *, shuffled: bool = False) -> float:
    """Store that many scored customers in transactions of a job's size; give rows a second inside the store."""
    engine = open_engine(f"sqlite:///{database}")
    upgrade(engine)
    try:
        return customers / sum(_store(engine, rows) for rows in _chunks(customers, shuffled=shuffled))
    finally:
        engine.dispose()


def _store(engine: Engine, rows: list[dict[str, Any]]) -> float:
    begin = time.perf_counter()
    with engine.begin() as connection:
        insert_predictions(connection, rows)
    return time.perf_counter() - begin


def _chunks(customers: int, *, shuffled: bool) -> Iterator[list[dict[str, Any]]]:
    sealed = load_registry(ROOT / "models").champions[MODEL]
    model = ScoringModel.from_card(sealed.card, sealed.graph)
    order = np.arange(customers)
    if shuffled:
        np.random.default_rng(1).shuffle(order)
    for number, start in enumerate(range(0, customers, CHUNK)):
        yield _rows(order[start : start + CHUNK] + FIRST_ID, model, number)


def _rows(ids: Any, model: ScoringModel, number: int) -> list[dict[str, Any]]:
    """Score simulated customers; profiles and short answers have a file's length, not each row's own words."""
    frame = simulate(len(ids), seed=number)
    columns = {name: frame[name].to_numpy(dtype=np.float64) for name in MODELLED_FIELDS[model.field_set]}
    scores = score(columns, model)
    charges = (monthly_charge_usd(columns) * 100).round()
    minute, second = divmod(number, 60)
    at = f"2026-11-21T{minute // 60:02}:{minute % 60:02}:{second:02}.000000Z"
    stamp = 0x0199_0000_0000 + number
    answer = json.dumps({"confidence": "High", "probability_interval": [0.012345, 0.123456], "warnings": [],
                         "clv_interval": [1234.56, 4567.89], "value_at_risk_usd": 123.45, "value_band": "standard",
                         "typical_churn_rate": 0.144914, "field_set": model.field_set})  # fmt: skip
    profile = json.dumps({field.alias: field.example for field in FIELDS})
    figures = zip(
        ids.tolist(), scores.churn_probability.tolist(), scores.tier.tolist(), scores.value_band.tolist(),
        (scores.clv_usd * 100).round().tolist(),
        (scores.value_at_risk_usd * 100).round().tolist(), charges.tolist(), strict=True,
    )  # fmt: skip
    return [
        {
            "id": str(uuid.UUID(int=(stamp << 80) | (0x7000 << 64) | (0x8000 << 48) | place)),
            "created_at": at,
            "request_id": "0199f000-0000-7000-8000-000000000000",
            "customer_id": f"C-{key}",
            "model_name": model.name,
            "model_version": model.version,
            "profile": profile,
            "answer": answer,
            "churn_probability": probability,
            "tier": TIERS[tier],
            "clv_cents": int(clv),
            "value_at_risk_cents": int(at_risk),
            "value_band": band,
            "segment": SEGMENTS[key % len(SEGMENTS)],
            "monthly_charge_cents": int(charge),
        }
        for place, (key, probability, tier, band, clv, at_risk, charge) in enumerate(figures)
    ]


def measure(server: ServerProcess) -> dict[str, float]:
    """Time requests to a server over a filled database: milliseconds below which 95 % of each kind are answered.

    A list's time is that of its first page and, from its cursor, of the second.
    """
    figures: dict[str, float] = {}
    with closing(HTTPConnection(LOOPBACK, server.port, timeout=60)) as connection:
        lists: list[float] = []
        for (name, filters), sort in itertools.product(FILTERS.items(), SORTS):
            spent = [
                seconds
                for _, order in itertools.product(range(ROUNDS), ORDERS)
                for seconds in _two_pages(connection, {**filters, "sort": sort, "order": order})
            ]
            lists += spent
            figures[f"list, {name}, by {sort}"] = _p95_ms(spent)
        figures["list, all of the above"] = _p95_ms(lists)
        chance = random.Random(1)
        ids = [f"C-{chance.randrange(FIRST_ID, FIRST_ID + CUSTOMERS)}" for _ in range(LOOK_UPS)]
        figures["look-up"] = _p95_ms([_ask(connection, f"/customers/{key}")[0] for key in ids])
        figures["predictions of a customer"] = _p95_ms(
            [_ask(connection, f"/customers/{key}/predictions")[0] for key in ids]
        )
        for path in ("/stats", "/stats/history"):
            figures[path] = _p95_ms([_ask(connection, path)[0] for _ in range(LOOK_UPS)])
    return figures


def _two_pages(connection: HTTPConnection, query: dict[str, str]) -> Iterator[float]:
    seconds, page = _ask(connection, f"/customers?{urllib.parse.urlencode(query)}")
    yield seconds
    if page["next"]:
        yield _ask(connection, f"/customers?{urllib.parse.urlencode({**query, 'cursor': page['next']})}")[0]


def _ask(connection: HTTPConnection, path: str) -> tuple[float, Any]:
    begin = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    seconds = time.perf_counter() - begin
    if response.status not in (200, 404):
        raise RuntimeError(f"{path} was answered {response.status}: {body[:200]!r}")
    return seconds, json.loads(body)


def _p95_ms(seconds: Sequence[float]) -> float:
    return float(np.quantile(seconds, 0.95)) * 1000
