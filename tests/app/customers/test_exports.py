"""The list as a file: its columns, its order, no formulas, and what it says can be uploaded again."""

import csv
import io
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from app.batch import exports as results
from app.customers import exports
from app.customers.lists import Filters, Order
from app.errors import DatabaseUnavailable
from app.telecom import answers
from app.telecom.features import FIELDS
from app.web.csv_cells import restore
from tests.app.customers.histories import leave, store_customers
from tests.factories import a_core_customer, a_customer, a_segmenter
from tests.sealed import USAGE

FORMULAS = ["=1+1", "+1-2", "-x", "@SUM(A1)", "'=1", "1,2", '"', "'quoted'"]


def download(client: TestClient, **query: Any) -> list[dict[str, str]]:
    answer = client.get("/customers.csv", params=query)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="customers.csv"'
    assert answer.text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_an_empty_list_is_a_header(client: TestClient) -> None:
    assert client.get("/customers.csv").text == ",".join(exports.COLUMNS) + "\r\n"


def test_the_columns_are_those_of_the_results_of_a_file() -> None:
    first, *rest = exports.COLUMNS
    assert first == "customerId"
    assert rest[: len(FIELDS)] == [field.alias for field in FIELDS]
    assert tuple(rest[len(FIELDS) :]) == answers.ANSWER_COLUMNS + answers.CUSTOMER_COLUMNS
    assert all(results.is_own_column(name) for name in rest[len(FIELDS) :])


def test_a_line_holds_profile_and_answer(client: TestClient) -> None:
    answer = client.post("/predict", json=a_customer(customerId="C-1", accountLength=300)).json()
    client.post("/customers/C-1/outcome", json={"outcome": "stayed", "date": "2026-01-31"})
    (line,) = download(client)
    assert answer["warnings"]
    assert line["warnings"] == " ".join(warning["message"] for warning in answer["warnings"])
    assert [float(line[name]) for name in ("probability_low", "probability_high")] == answer["probability_interval"]
    assert float(line["value_at_risk_usd"]) == answer["value_at_risk_usd"]
    assert line["model"] == USAGE
    assert (line["outcome"], line["outcome_date"]) == ("stayed", "2026-01-31")
    profile = {field.alias: line[field.alias] for field in FIELDS}
    assert client.post("/predict", json=profile).json()["churn_probability"] == answer["churn_probability"]


def test_a_line_holds_the_segment_by_number_and_by_name(client: TestClient) -> None:
    telecom = client.app.state.telecom  # type: ignore[attr-defined]
    telecom.segmenter = None
    client.post("/predict", json=a_customer(customerId="C-0"))
    telecom.segmenter = a_segmenter("Silent", "=Talkers")
    for calls in (1, 2):
        client.post("/predict", json=a_customer(customerId=f"C-{calls}", customerServiceCalls=calls))
    lines = {line["customerId"]: (line["segment"], restore(line["persona"])) for line in download(client)}
    assert lines == {"C-0": ("", ""), "C-1": ("1", "=Talkers"), "C-2": ("0", "Silent")}
    assert [line["customerId"] for line in download(client, segment=1)] == ["C-1"]
    assert len(download(client, value_band="high")) + len(download(client, value_band="standard")) == 3


def test_minutes_that_are_not_known_stay_empty(client: TestClient) -> None:
    client.post("/predict", json=a_core_customer(customerId="C-1"))
    (line,) = download(client)
    assert {line[field.alias] for field in FIELDS if field.alias.endswith("Minutes")} == {""}


def test_no_cell_is_a_formula_and_every_id_reads_back(client: TestClient) -> None:
    for customer_id in FORMULAS:
        assert client.post("/predict", json=a_customer(customerId=customer_id)).status_code == 200
    lines = download(client)
    assert {restore(line["customerId"]) for line in lines} == set(FORMULAS)
    assert not [line for line in lines if line["customerId"][:1] in tuple("=+-@")]


def test_filters_and_order_are_those_of_the_list(client: TestClient) -> None:
    for number, months in enumerate((5, 50, 20)):
        client.post("/predict", json=a_customer(customerId=f"C-{number}", accountLength=months))
    query = {"sort": "clv", "order": "asc", "q": "C", "min_clv": 1}
    listed = [entry["id"] for entry in client.get("/customers", params=query).json()["customers"]]
    assert [line["customerId"] for line in download(client, **query)] == listed
    assert len(listed) == 3


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 11])
def test_pages_follow_each_other_without_a_gap(engine: Engine, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(exports, "_PAGE", 5)
    monkeypatch.setattr(exports, "full_answer", lambda *_: ANSWER)
    with engine.begin() as connection:
        store_customers(connection, *(f"C-{number:02}" for number in range(count)))
        leave(connection, "nobody")
    parts = list(exports.read_lines(engine, Filters(), Order(descending=False)))
    assert max(part.count(b"\r\n") for part in parts) <= 5
    lines = b"".join(parts).decode().split("\r\n")[1:-1]
    assert [line.partition(",")[0] for line in lines] == [f"C-{number:02}" for number in range(count)]


ANSWER = dict.fromkeys(answers.ANSWER_COLUMNS, "") | {
    "probability_interval": (0, 1), "clv_interval": (0, 1), "model": {"name": "m", "version": "1"}, "warnings": [],
    "segment": None,
}  # fmt: skip


def test_a_database_that_does_not_answer_is_an_error_and_no_torn_file(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE customers")
    with pytest.raises(DatabaseUnavailable):
        exports.read_lines(engine, Filters(), Order())
