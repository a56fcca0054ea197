"""Metrics move with what happens, and no caller can make their number grow."""

import random
import sqlite3
import string
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection
from starlette.testclient import TestClient

from app.telecom import service
from tests.factories import a_core_customer, a_customer

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]
RANDOM_PATHS = 1_000


def read(client: TestClient) -> Series:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(series: Series, name: str, **labels: str) -> float:
    return series.get((name, frozenset(labels.items())), 0.0)


def change(client: TestClient, act: Callable[[], object], name: str, **labels: str) -> float:
    before = read(client)
    act()
    return value(read(client), name, **labels) - value(before, name, **labels)


def grown(client: TestClient, act: Callable[[], object]) -> set[tuple[str, str]]:
    """Label values of this service's metrics that nobody had seen before the act."""

    def seen() -> set[tuple[str, str]]:
        return {label for name, labels in read(client) if name.startswith("telelink_") for label in labels}

    before = seen()
    act()
    return seen() - before


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/livez", "/livez", "200"),
        ("GET", "/", "/", "200"),
        ("GET", "/models/telecom-core", "/models/{name}", "200"),
        ("GET", "/models/none", "/models/{name}", "404"),
        ("POST", "/predict", "/predict", "415"),
        ("GET", "/nowhere", "other", "404"),
        ("BREW", "/nowhere", "other", "404"),
    ],
)
def test_a_request_is_counted_under_its_route(
    client: TestClient, method: str, path: str, route: str, status: str
) -> None:
    counted = change(
        client,
        lambda: [client.request(method, path) for _ in range(3)],
        "telelink_requests_total",
        method="other" if method == "BREW" else method,
        route=route,
        status=status,
    )
    assert counted == 3


def test_time_is_measured_by_route(client: TestClient) -> None:
    act = lambda: client.get("/online")  # noqa: E731
    assert change(client, act, "telelink_request_seconds_count", route="/online") == 1
    assert 0 < change(client, act, "telelink_request_seconds_sum", route="/online") < 5


def test_an_unexpected_error_is_counted(client: TestClient) -> None:
    client.app.state.telecom = None  # type: ignore[attr-defined]
    labels = {"method": "POST", "route": "/predict", "status": "500"}
    act = lambda: client.post("/predict", json=a_customer())  # noqa: E731
    assert change(client, act, "telelink_requests_total", **labels) == 1


def test_predictions_are_counted_by_model_and_tier(client: TestClient) -> None:
    labels = {"model": "telecom-usage", "tier": client.post("/predict", json=a_customer()).json()["churn_risk"]}
    batch = lambda: client.post("/batch-predict", json=[a_customer()] * 5 + [a_core_customer()])  # noqa: E731
    assert change(client, batch, "telelink_predictions_total", **labels) == 5
    refused = lambda: client.post("/batch-predict", json=[a_customer(), {}])  # noqa: E731
    assert change(client, refused, "telelink_predictions_total", **labels) == 0


@pytest.mark.parametrize("customers", [1, 5])
def test_what_was_not_stored_is_not_counted(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, customers: int
) -> None:
    def refuse(_connection: Connection, _rows: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(service, "insert_predictions", refuse)
    before = read(client)
    assert client.post("/batch-predict", json=[a_customer()] * customers).status_code == 503
    assert {key: now for key, now in read(client).items() if key[0] == "telelink_predictions_total"} == {
        key: then for key, then in before.items() if key[0] == "telelink_predictions_total"
    }


def test_random_addresses_add_one_label(client: TestClient) -> None:
    rng = random.Random(7)

    def wander() -> None:
        for _ in range(RANDOM_PATHS):
            client.get("/" + "".join(rng.choices(string.ascii_letters + "/%._-", k=12)))

    assert {name for name, _ in grown(client, wander)} <= {"route", "status", "method", "le"}
    assert grown(client, wander) == set()
    routes = {dict(labels).get("route") for _, labels in read(client)}
    assert "other" in routes
    documented = {*client.get("/openapi.json").json()["paths"]}
    assert len(routes - documented) < 30


@pytest.mark.parametrize("folder", ["/models/", "/static/", "/static/swagger/", "/docs/", "/predict/"])
def test_what_follows_a_route_is_no_label(client: TestClient, folder: str) -> None:
    rng = random.Random(folder)
    client.get(f"{folder}first")
    assert grown(client, lambda: [client.get(f"{folder}{rng.getrandbits(64):x}") for _ in range(20)]) == set()


def test_methods_callers_make_up_are_one_label(client: TestClient) -> None:
    client.request("BREW", "/predict")
    assert grown(client, lambda: [client.request(f"BREW{number}", "/predict") for number in range(20)]) == set()


def test_nothing_a_caller_sent_is_a_label(client: TestClient) -> None:
    secret = "zq7secret"
    client.post("/predict", json=a_customer(customerId=secret), headers={"X-Request-ID": secret, "User-Agent": secret})
    client.request(secret.upper(), f"/{secret}?{secret}", headers={"Host": f"{secret}.example"})
    assert secret not in client.get("/metrics").text.lower()


def test_the_process_is_measured_too(client: TestClient) -> None:
    assert value(read(client), "process_resident_memory_bytes") > 10_000_000
