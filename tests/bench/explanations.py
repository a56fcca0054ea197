"""What an explanation costs: one through the API once the library is loaded, and a frame of them on one core."""

import http.client
import json
import time
from contextlib import closing

import numpy as np

from app.explanations.contributions import explain
from app.explanations.trees import TREES, Forest
from app.registry.service import load_registry, read_file
from app.settings import ROOT
from app.telecom.features import MODELLED_FIELDS
from app.telecom.scoring import ScoringModel
from tests.bench.measure import running
from tests.server_process import LOOPBACK
from tests.simulated_requests import json_bytes, simulated_customers
from training.simulate import simulate

REQUESTS = 400
FRAME_ROWS = 2_000
MODEL = "telecom-usage"


def measure_explanations(cpu: int | None) -> dict[str, float]:
    """Give milliseconds of /explain (the middle one) and of a row in a frame, and seconds of the very first."""
    with running("service", cpu) as server, closing(http.client.HTTPConnection(LOOPBACK, server.port)) as connection:
        bodies = [json_bytes(each) for each in simulated_customers(REQUESTS + 1, seed=4)]
        first, *rest = [_ask(connection, body) for body in bodies]
        memory = server.memory_mib()
    return {
        "first_explain_seconds": first,
        "explain_p50_ms": float(np.median(rest)) * 1000,
        "explain_row_ms": _frame_row_ms(),
        "memory_after_explaining_mib": memory,
    }


def _ask(connection: http.client.HTTPConnection, body: bytes) -> float:
    begin = time.perf_counter()
    connection.request("POST", "/explain", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    seconds = time.perf_counter() - begin
    if response.status != 200 or not json.loads(answer)["explanation"]["contributions"]:
        raise RuntimeError(f"/explain was answered {response.status}: {answer[:200]!r}")
    return seconds


def _frame_row_ms() -> float:
    """Explain simulated customers as a job does, in this process, which is pinned to one core."""
    sealed = load_registry(ROOT / "models").champions[MODEL]
    if sealed.graph is None:
        raise RuntimeError(f"{MODEL} holds no graph")
    model = ScoringModel.from_card(sealed.card, sealed.graph)
    trees = Forest.from_npz(read_file(sealed, TREES))
    frame = simulate(FRAME_ROWS, seed=5)
    columns = {name: frame[name].to_numpy(dtype=np.float64) for name in MODELLED_FIELDS[model.field_set]}
    explain({name: values[:1] for name, values in columns.items()}, model, trees)
    begin = time.perf_counter()
    explain(columns, model, trees)
    return (time.perf_counter() - begin) / FRAME_ROWS * 1000
