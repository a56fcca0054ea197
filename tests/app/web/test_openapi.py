"""The OpenAPI document tells the truth: its examples work, its shapes are the answers', fuzzing finds no difference.

CI sends each operation at most 50 generated requests. More is one command::

    FUZZ_EXAMPLES=2000 python -m pytest tests/app/web/test_openapi.py -k fuzz
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, settings
from schemathesis.python.asgi import shutdown_lifespans
from starlette.testclient import TestClient

from app.application import create_app
from tests.factories import a_customer, settings_in

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "50"))
SUCCESS = {"/predict": "PredictResponse", "/batch-predict": "BatchResponse", "/stats": "Stats", "/models": "ModelList",
           "/health": "Health", "/livez": "State", "/readyz": "State", "/online": "Online"}  # fmt: skip


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_example_is_answered(client: TestClient, document: dict[str, Any]) -> None:
    sent = 0
    for method, path, operation in operations(document):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            examples = [example["value"] for example in content["examples"].values()]
            assert examples, path
            for example in examples + content["schema"].get("examples", []):
                answer = client.request(method, path, json=example, headers={"Content-Type": media_type})
                assert answer.status_code == 200, answer.text
                sent += 1
    assert sent >= 2


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
        for route in client.app.routes  # type: ignore[attr-defined]
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods
    }
    assert shown <= routes
    for _, path, operation in operations(document):
        assert operation["summary"]
        assert "." not in operation["summary"][-1:]
        assert operation["tags"]
        (content,) = operation["responses"]["200"]["content"].values()
        if path in SUCCESS:
            assert content["schema"] == {"$ref": f"#/components/schemas/{SUCCESS[path]}"}
        else:
            assert path in ("/models/{name}", "/metrics")


def test_every_documented_error_has_the_one_shape(document: dict[str, Any]) -> None:
    for _, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status != "200" and path != "/health":
                assert answer["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }


# The document is needed when tests are collected, the folder only when the application starts.
fuzzed_app = create_app(settings_in(Path("named-when-it-starts")))
schema = schemathesis.openapi.from_dict(fuzzed_app.openapi())
schema.app = fuzzed_app


@pytest.fixture(scope="module")
def fuzzed_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lets generated requests go to an application in this process; the first one starts it."""
    fuzzed_app.state.settings = settings_in(tmp_path_factory.mktemp("fuzz"))
    yield
    shutdown_lifespans()


def test_a_whole_number_is_an_integer_however_it_is_written(client: TestClient) -> None:
    assert client.post("/predict", json=a_customer(areaCode=415.0)).status_code == 200


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_fuzzing_finds_no_difference(fuzzed_service: None, case: schemathesis.Case) -> None:
    case.call_and_validate()
