"""Ask the service for what the golden files hold."""

import tempfile
from pathlib import Path
from typing import Any, Final

from starlette.testclient import TestClient

from app.application import create_app
from app.settings import Settings
from app.telecom.features import MINUTE_FIELDS
from tests.simulated_requests import simulated_customers

HERE: Final = Path(__file__).parent
FILES: Final = {name: HERE / f"{name}.json" for name in ("predictions", "problem", "openapi")}
PREDICTIONS: Final = 20
WRONG: Final = {"accountLength": -1, "state": "XX", "totalDayMinutes": 3, "spelled_wrong": 1}


def record() -> dict[str, Any]:
    """Answer twenty simulated customers (every fourth without minutes), one wrong one, and the OpenAPI document."""
    with tempfile.TemporaryDirectory() as folder, TestClient(create_app(Settings(data_dir=Path(folder)))) as client:
        predictions = []
        for number, customer in enumerate(simulated_customers(PREDICTIONS, seed=2026, id_prefix="golden-")):
            asked = {key: value for key, value in customer.items() if number % 4 or key not in _MINUTES}
            answer = client.post("/predict", json=asked).raise_for_status().json()
            predictions.append([asked, {**answer, "prediction_id": "a fresh one each time"}])
        problem = client.post("/predict", json=WRONG).json()
        return {
            "predictions": predictions,
            "problem": {**problem, "request_id": "a fresh one each time"},
            "openapi": client.get("/openapi.json").json(),
        }


_MINUTES: Final = {field.alias for field in MINUTE_FIELDS}
