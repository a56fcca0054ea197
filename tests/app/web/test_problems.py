"""One error shape everywhere, in words that help, under an id that can be reported, repeating nothing that was sent."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from app import errors
from app.errors import TeleLinkError, Unavailable
from tests.factories import a_customer

KEYS = {"type", "title", "status", "detail", "code", "request_id", "errors"}
ENTRY_KEYS = {"field", "row", "code", "message"}
SECRET = "zq7-secret"
JSON = {"Content-Type": "application/json"}

REFUSALS: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "nowhere": ("GET", f"/{SECRET}", {}, 404, "not_found"),
    "no asset": ("GET", f"/static/{SECRET}.css", {}, 404, "not_found"),
    "no model": ("GET", f"/models/{SECRET}", {}, 404, "not_found"),
    "method": ("DELETE", f"/predict?{SECRET}", {}, 405, "method_not_allowed"),
    "asset method": ("PUT", "/static/css/base.css", {}, 405, "method_not_allowed"),
    "unknown method": ("BREW", "/predict", {}, 405, "method_not_allowed"),
    "head": ("HEAD", "/predict", {}, 405, "method_not_allowed"),
    "options": ("OPTIONS", "/predict", {}, 405, "method_not_allowed"),
    "trace": ("TRACE", "/stats", {"headers": {"X-Secret": SECRET}}, 405, "method_not_allowed"),
    "malformed": ("POST", "/predict", {"content": f'{{"{SECRET}"', "headers": JSON}, 400, "malformed_json"),
    "too large": ("POST", "/predict", {"json": [SECRET * 10_000]}, 413, "body_too_large"),
    "no media type": ("POST", "/predict", {"content": SECRET}, 415, "unsupported_media_type"),
    "form": ("POST", "/predict", {"data": {"state": SECRET}}, 415, "unsupported_media_type"),
    "compressed": ("POST", "/predict", {"content": SECRET, "headers": {**JSON, "Content-Encoding": "gzip"}}, 415,
                   "unsupported_media_type"),
    "invalid": ("POST", "/predict", {"json": a_customer(state=SECRET)}, 422, "invalid_request"),
    "unknown field": ("POST", "/predict", {"json": a_customer(nickname=SECRET)}, 422, "invalid_request"),
    "no object": ("POST", "/predict", {"json": SECRET}, 422, "invalid_request"),
    "no array": ("POST", "/batch-predict", {"json": {"rows": SECRET}}, 422, "invalid_request"),
    "bad row": ("POST", "/batch-predict", {"json": [a_customer(), a_customer(areaCode=SECRET)]}, 422,
                "invalid_request"),
    "many headers": ("GET", "/livez", {"headers": [(f"X-{number}", SECRET) for number in range(120)]}, 431,
                     "headers_too_large"),
}  # fmt: skip


def check_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Hold an answer against the one shape, and return it."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem: dict[str, Any] = answer.json()
    assert problem.keys() == KEYS
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:telelink:problem:{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert all(entry.keys() == ENTRY_KEYS for entry in problem["errors"])
    return problem


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_has_the_one_shape_and_repeats_nothing(client: TestClient, kind: str) -> None:
    method, path, options, status, code = REFUSALS[kind]
    answer = client.request(method, path, **options)
    if method == "HEAD":
        assert answer.status_code == status
        return
    problem = check_problem(answer, status, code)
    assert SECRET not in answer.text
    assert SECRET not in str(answer.headers)
    assert (problem["errors"] != []) == (status == 422)


@pytest.mark.parametrize(
    "path", ["/predict", "/batch-predict", "/stats", "/models", "/health", "/metrics", "/", "/docs"]
)
def test_a_wrong_method_is_told_the_right_ones(client: TestClient, path: str) -> None:
    answer = client.request("PATCH", path)
    check_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] in ("GET", "POST", "GET, HEAD", "HEAD, GET")


@pytest.mark.parametrize(
    ("status", "closes"), [("malformed", True), ("too large", True), ("many headers", True), ("invalid", False)]
)
def test_a_connection_with_an_unread_rest_is_closed(client: TestClient, status: str, closes: bool) -> None:
    method, path, options, *_ = REFUSALS[status]
    assert (client.request(method, path, **options).headers.get("connection") == "close") == closes


def test_a_batch_names_row_and_field(client: TestClient) -> None:
    rows = [a_customer(), a_customer(accountLength=601), a_customer(totalEveMinutes=None), "no customer"]
    problem = check_problem(client.post("/batch-predict", json=rows), 422, "invalid_request")
    found = [(entry["row"], entry["field"], entry["message"]) for entry in problem["errors"]]
    assert found == [
        (1, "accountLength", "Account length must be between 0 and 600 months"),
        (2, "totalEveMinutes", "Enter the evening minutes too, or leave all four minutes empty"),
        (3, "", "Send each customer as a JSON object"),
    ]
    assert client.get("/stats").json()["total_customers"] == 0


def test_a_long_list_of_problems_is_cut_and_counted(client: TestClient) -> None:
    problem = check_problem(client.post("/batch-predict", json=[{}] * 50), 422, "invalid_request")
    assert len(problem["errors"]) == 100
    assert problem["detail"] == "There are 550 problems; the first 100 are listed."


def raising(client: TestClient, error: Exception) -> None:
    """Make the next predictions fail inside the service."""

    async def fail(*_: object) -> None:
        raise error

    client.app.state.telecom.predict = fail  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "error", [RuntimeError(SECRET), KeyError(SECRET), ExceptionGroup(SECRET, [ValueError(SECRET)])]
)
def test_an_unexpected_exception_is_a_500_in_the_same_shape(client: TestClient, error: Exception) -> None:
    raising(client, error)
    answer = client.post("/predict", json=a_customer(), headers={"X-Request-ID": "reported-1"})
    problem = check_problem(answer, 500, "internal_error")
    assert problem["request_id"] == "reported-1"
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text


def test_the_service_goes_on_after_an_unexpected_exception(client: TestClient) -> None:
    raising(client, RuntimeError())
    client.post("/predict", json=a_customer())
    del client.app.state.telecom.predict  # type: ignore[attr-defined]
    assert client.post("/predict", json=a_customer()).status_code == 200


def kinds(base: type[TeleLinkError]) -> list[type[TeleLinkError]]:
    return [
        base,
        *(kind for child in base.__subclasses__() if child.__module__ == errors.__name__ for kind in kinds(child)),
    ]


@pytest.mark.parametrize("kind", kinds(Unavailable), ids=lambda kind: kind.__name__)
def test_unavailable_says_when_to_come_back(client: TestClient, kind: type[Unavailable]) -> None:
    raising(client, kind())
    answer = client.post("/predict", json=a_customer())
    check_problem(answer, 503, kind.code)
    assert re.fullmatch(r"[1-9][0-9]?", answer.headers["retry-after"])


def test_codes_and_titles_are_distinct() -> None:
    assert len({kind.code for kind in kinds(TeleLinkError)}) == len(kinds(TeleLinkError))


@pytest.mark.parametrize("sane", ["a", "0199f-AB_c.d", "x" * 64])
def test_a_sane_request_id_is_kept(client: TestClient, sane: str) -> None:
    headers = {"X-Request-ID": sane}
    assert client.get("/livez", headers=headers).headers["x-request-id"] == sane
    problem = check_problem(client.post("/predict", json={}, headers=headers), 422, "invalid_request")
    assert problem["request_id"] == sane


@pytest.mark.parametrize("odd", ["", " ", "a b", "x" * 65, "<script>", "a,b", "a/b", "caf\u00e9".encode(), "a\tb", '"'])
def test_an_odd_request_id_is_replaced(client: TestClient, odd: str | bytes) -> None:
    ids = {client.get("/livez", headers={"X-Request-ID": odd}).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}", made) for made in ids)


def test_the_request_id_is_stored_with_the_prediction(client: TestClient) -> None:
    client.post("/predict", json=a_customer(), headers={"X-Request-ID": "followed-7"})
    with client.app.state.engine.connect().execution_options(read_only=True) as connection:  # type: ignore[attr-defined]
        assert connection.exec_driver_sql("SELECT request_id FROM predictions").scalars().all() == ["followed-7"]
