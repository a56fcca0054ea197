"""The OpenAPI document tells the truth: its examples work, its shapes are the answers', fuzzing finds no difference.

CI sends each operation at most 50 generated requests. More is one command::

    FUZZ_EXAMPLES=2000 python -m pytest tests/app/web/test_openapi.py -k fuzz
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, settings
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.testclient import TestClient

from app.application import create_app
from app.web.body import LOG, NDJSON
from tests.app.batch.job_requests import without_worker
from tests.factories import a_customer, settings_in

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "50"))
SUCCESS = {"/predict": "PredictResponse", "/batch-predict": "BatchResponse", "/stats": "Stats", "/models": "ModelList",
           "/stats/history": "StatsHistory", "/customers": "CustomerList", "/customers/{customer_id}": "Customer",
           "/batch/event-preview": "LogPreview", "/batch/event-mappings": "StoredLogMapping",
           "POST /batch/event-jobs": "Job", "/batch/preview": "Preview",
           "/batch/mappings": "StoredMapping", "/batch/jobs/{job_id}": "Job",
           "/batch/jobs/{job_id}/cancel": "Job", "POST /batch/jobs": "Job", "GET /batch/jobs": "JobList",
           "/customers/{customer_id}/predictions": "PredictionList", "/customers/{customer_id}/outcome": "Customer",
           "/segments": "Segments", "/value-at-risk": "ValueAtRisk", "/segments/{segment}/customers": "CustomerList",
           "/explain": "ExplainResponse", "/predictions/{prediction_id}/explanation": "ExplainResponse",
           "/closest-change": "ClosestChange", "/customers/{customer_id}/changes": "PredictionChanges",
           **{f"/models/{{name}}/versions{rest}": shape for rest, shape in (
               ("", "VersionList"), ("/{version}/performance", "Performance"),
               ("/{version}/charts/{chart_id}", "Chart"),
               ("/{version}/confusion", "Confusion"), ("/{version}/thresholds", "Thresholds"),
               ("/{version}/comparison", "Comparison"), ("/{version}/importance", "Importance"),
               ("/{version}/slices", "Slices"), ("/{version}/clv", "ClvPerformance"), ("/{version}/profit", "Profit"),
               ("/{version}/policy.json", "CutPointPolicy"))},
           "/update_user_events": "EventsStored", "/users": "UserList", "/users/{user_id}/churn": "UserChurn",
           "/users/{user_id}/timeline": "UserTimeline", "/users/{user_id}/events": "EventList",
           "/batch_predict": "UserPredictions", "/users/score": "SummaryScore", "/model/info": "ModelInfo",
           "/health": "Health", "/livez": "State", "/readyz": "State", "/online": "Online"}  # fmt: skip
LAST_OF_2024 = 1_735_689_599_999
SHAPELESS = {"/metrics", "/models/{name}", "/models/{name}/versions/{version}",
             "/models/{name}/versions/{version}/report"}  # fmt: skip
"""Answers that are text, and cards: what a card holds is the trainer's to say."""


@pytest.fixture(autouse=True)
def jobs_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """No example starts a process."""
    without_worker(monkeypatch)


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def api_routes(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """Every route of an application and of the routers it includes."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        yield from api_routes(getattr(getattr(route, "original_router", None), "routes", ()))


def filled(path: str, operation: dict[str, Any]) -> str:
    """The address with the examples of its parameters."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            example = parameter.get("schema", {}).get("examples", ["x"])[0]
            path = path.replace(f"{{{parameter['name']}}}", str(example))
    return path


def test_every_example_is_answered(client: TestClient, document: dict[str, Any]) -> None:
    sent = 0
    client.post("/predict", json=a_customer(customerId="C-1001"))
    for method, path, operation in operations(document):
        path = filled(path, operation)
        (success,) = (int(status) for status in operation["responses"] if status.startswith("2"))
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            examples = [example["value"] for example in content["examples"].values()]
            assert examples, path
            for example in examples + content["schema"].get("examples", []):
                body = example if media_type in LOG else json.dumps(example)
                answer = client.request(method, path, content=body, headers={"Content-Type": media_type})
                assert answer.status_code == success, answer.text
                sent += 1
    assert sent >= 8


def test_every_property_of_a_customer_has_an_example_that_is_answered(
    client: TestClient, document: dict[str, Any]
) -> None:
    schema = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    (whole,) = schema["examples"]
    assert whole.keys() == schema["properties"].keys()
    for name, described in schema["properties"].items():
        assert described["title"], name
        assert described["description"], name
        for example in described["examples"]:
            assert client.post("/predict", json={**whole, name: example}).status_code == 200


def test_the_frameworks_own_error_shape_is_nowhere(client: TestClient) -> None:
    text = client.get("/openapi.json").text
    assert "HTTPValidationError" not in text
    assert '"ValidationError"' not in text


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
            node = list(node.values())
        if isinstance(node, list):
            for inner in node:
                yield from references(inner)

    found = set(references(document))
    assert len(found) > 5
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_every_route_is_documented_with_its_success(client: TestClient, document: dict[str, Any]) -> None:
    routes = {(method, path) for method, path, _ in operations(document)}
    shown = {
        (method, route.path)
        for route in api_routes(client.app.routes)  # type: ignore[attr-defined]
        if route.include_in_schema
        for method in route.methods
    }
    assert shown == routes
    for method, path, operation in operations(document):
        assert operation["summary"]
        assert "." not in operation["summary"][-1:]
        assert operation["tags"]
        if "204" in operation["responses"]:
            continue
        (answer,) = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
        (content,) = answer["content"].values()
        shape = SUCCESS.get(f"{method} {path}", SUCCESS.get(path))
        if shape is None:
            assert path in SHAPELESS or path.endswith(".csv")
        else:
            assert content["schema"] == {"$ref": f"#/components/schemas/{shape}"}


def test_every_documented_error_has_the_one_shape(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if not status.startswith("2") and path != "/health":
                assert answer["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }


# The document is needed when tests are collected, the folder only when the application starts.
fuzzed_app = create_app(settings_in(Path("named-when-it-starts")))
schema = schemathesis.openapi.from_dict(fuzzed_app.openapi())
schema.app = fuzzed_app


schemathesis.serializer.alias(NDJSON, "text/plain")


@schema.hook
def map_query(_context: object, query: dict[str, Any]) -> dict[str, Any]:
    """A cursor comes from the page before and a mapping from a request before, which no schema can say.

    A list or an object would be sent as several values, of which the last one counts: it is sent as one text.
    """
    if not isinstance(query, dict):
        return query
    known = {name: value for name, value in query.items() if name not in ("cursor", "mapping_id")}
    return {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in known.items()}


@schema.hook
def map_body(_context: object, body: Any) -> Any:
    """The future begins after today, the past somewhere, and a column feeds one field: no schema can say so."""
    if isinstance(body, list):
        return [
            {**item, "ts": _in_2024(item["ts"])} if isinstance(item, dict) and "ts" in item else item for item in body
        ]
    if isinstance(body, dict) and isinstance(columns := body.get("columns"), dict) and "ts" not in columns:
        apart = {name: f"{column} of {name}" if isinstance(column, str) else column for name, column in columns.items()}
        return {**body, "columns": apart}
    if isinstance(body, dict) and isinstance(body.get("date"), str):
        with suppress(ValueError):
            return {**body, "date": str(date.fromisoformat(body["date"]).replace(year=2024))}
    return body


def _in_2024(moment: Any) -> Any:
    """A time that is one as the schema has it, in a year that events may be of; anything else stays."""
    if isinstance(moment, str):
        return re.sub(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]", "2024-01-31T", moment).replace(":60", ":59")
    is_late = isinstance(moment, int | float) and moment > LAST_OF_2024
    return LAST_OF_2024 if is_late and not isinstance(moment, bool) else moment


@pytest.fixture(scope="module")
def fuzzed_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lets generated requests go to an application in this process; the first one starts it."""
    fuzzed_app.state.settings = settings_in(tmp_path_factory.mktemp("fuzz"))
    with pytest.MonkeyPatch.context() as patched:
        without_worker(patched)
        yield
        shutdown_lifespans()


def test_a_whole_number_is_an_integer_however_it_is_written(client: TestClient) -> None:
    assert client.post("/predict", json=a_customer(areaCode=415.0)).status_code == 200


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_fuzzing_finds_no_difference(fuzzed_service: None, case: schemathesis.Case) -> None:
    # What CSV or a log is, no schema can say: to it any text is a valid body, and a number, once written, is none.
    unknowable = [positive_data_acceptance, negative_data_rejection] if case.media_type in LOG else []
    # Nor that a range holds the value it is the range of.
    unknowable += [positive_data_acceptance] * bool({"save_rate_low", "save_rate_high"} & {*(case.query or {})})
    case.call_and_validate(excluded_checks=unknowable)
