"""The explanation routes as a caller meets them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from starlette.testclient import TestClient

from app.application import create_app
from app.db.tables import predictions
from app.explanations.schemas import ClosestChange, ExplainResponse
from app.explanations.sentences import number_text
from app.telecom.answers import COMPACT_KEYS
from app.telecom.features import CORE_FIELDS, FIELD_BY_NAME, FIELDS, MINUTE_FIELDS, MODELLED_FIELDS
from app.telecom.schemas import PredictResponse
from app.telecom.segmenter import Segmenter
from app.telecom.service import read_one
from tests.app.explanations.asking import NUMBER, Json, ask, get, stored
from tests.factories import a_core_customer, a_customer, settings_in

AT_RISK = {"customerServiceCalls": 6, "totalDayMinutes": 120, "totalEveMinutes": 150}
NO_CHANGE = "No change of the plans, fewer service calls or fewer minutes, up to three together, lowers the tier."
CORE_VALUES = read_one(a_core_customer())


@pytest.fixture(scope="module")
def shared_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One service for questions that store nothing."""
    app = create_app(settings_in(Path(tmp_path_factory.mktemp("explanations"))))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def a_value(field: Any) -> st.SearchStrategy[Any]:
    if field.kind == "flag":
        return st.sampled_from(["yes", "no"])
    if not field.is_number:
        return st.just(field.example)
    usual = st.integers(0, 12 if field.name == "customer_service_calls" else 400)
    return usual | st.integers(0, int(field.maximum)) | st.just(field.example)


some_customer = st.fixed_dictionaries({field.alias: a_value(field) for field in FIELDS}) | st.fixed_dictionaries(
    {field.alias: a_value(field) for field in CORE_FIELDS}
)


@settings(max_examples=60, deadline=None)
@given(customer=some_customer)
def test_any_accepted_customer_is_explained_with_numbers_that_add_up(shared_client: TestClient, customer: Json) -> None:
    whole = ask(shared_client, "/explain", customer)
    ExplainResponse.model_validate(whole)
    explanation = whole["explanation"]
    contributions = explanation["contributions"]
    names = MODELLED_FIELDS["usage" if MINUTE_FIELDS[0].alias in customer else "core"]
    assert {entry["field"] for entry in contributions} == {FIELD_BY_NAME[name].alias for name in names}
    total = explanation["base"] + sum(entry["contribution"] for entry in contributions)
    assert total == pytest.approx(explanation["forest_score"], abs=1e-6)
    assert explanation["churn_probability"] == whole["answer"]["churn_probability"]
    sizes = [abs(entry["contribution"]) for entry in contributions]
    assert sizes == sorted(sizes, reverse=True)
    for entry in contributions:
        assert entry["value"] == customer[entry["field"]]


@settings(max_examples=60, deadline=None)
@given(customer=some_customer)
def test_every_number_in_a_sentence_is_one_of_the_json(shared_client: TestClient, customer: Json) -> None:
    explanation = ask(shared_client, "/explain", customer)["explanation"]
    entries = {entry["field"]: entry for entry in explanation["contributions"]}
    for reason in explanation["reasons"]:
        entry = entries[reason["field"]]
        assert {name: reason[name] for name in ("value", "typical", "contribution")} == {
            name: entry[name] for name in ("value", "typical", "contribution")
        }
        assert (reason["contribution"] > 0) == (reason["direction"] == "up")
        numbers = [number_text(entry[name]) for name in ("value", "typical") if not isinstance(entry[name], str)]
        assert NUMBER.findall(reason["text"]) == numbers
    values = {number_text(entry["value"]) for entry in entries.values() if not isinstance(entry["value"], str)}
    assert set(NUMBER.findall(explanation["message"])) <= values


@settings(max_examples=40, deadline=None)
@given(customer=some_customer)
def test_a_closest_change_can_be_sent_back_and_has_the_lower_tier(shared_client: TestClient, customer: Json) -> None:
    found = ask(shared_client, "/closest-change", customer)
    ClosestChange.model_validate(found)
    before = ask(shared_client, "/explain", customer)["answer"]
    assert found["tier"] == before["churn_risk"]
    if found["target_tier"] is None:
        assert (found["changes"], found["answer"]) == ([], None)
        return
    assert {change["field"]: change["from"] for change in found["changes"]}.items() <= customer.items()
    after = {**customer, **{change["field"]: change["to"] for change in found["changes"]}}
    assert ask(shared_client, "/explain", after)["answer"] == found["answer"]
    tiers = ["Low", "Medium", "High"]
    assert found["answer"]["churn_risk"] == found["target_tier"]
    assert tiers.index(found["target_tier"]) < tiers.index(found["tier"])
    for change in found["changes"]:
        shown = [number_text(change[name]) for name in ("to", "from") if not isinstance(change[name], str)]
        assert NUMBER.findall(change["text"]) == shown


@pytest.mark.parametrize("customer", [a_customer(), a_core_customer(), a_customer(**AT_RISK, customerId="C-1")])
def test_an_explained_answer_is_the_predicted_one_and_is_not_stored(client: TestClient, customer: Json) -> None:
    explained = ask(client, "/explain", customer)["answer"]
    assert get(client, "/customers", outcome="all")["customers"] == []
    predicted = ask(client, "/predict", customer)
    PredictResponse.model_validate(predicted)
    assert explained == {**predicted, "prediction_id": None}


def test_a_warning_is_given_for_messages_without_a_plan(shared_client: TestClient) -> None:
    answer = ask(shared_client, "/explain", a_customer(voiceMailPlan="no"))["answer"]
    assert [warning["code"] for warning in answer["warnings"]] == ["contradiction"]


@pytest.mark.parametrize("path", ["/explain", "/closest-change"])
@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"customerServiceCalls": 1001}, "customerServiceCalls", "Customer service calls must be between 0 and 1,000"),
        ({"internationalPlan": "perhaps"}, "internationalPlan", "International plan must be yes or no"),
        ({"totalDayMinutes": ""}, "totalDayMinutes", "Enter the day minutes too, or leave all four minutes empty"),
    ],
)
def test_a_wrong_customer_is_explained_as_on_the_form(
    shared_client: TestClient, path: str, change: Json, field: str, message: str
) -> None:
    customer = a_customer(**change)
    refused, expected = ask(shared_client, path, customer, 422), ask(shared_client, "/predict", customer, 422)
    assert refused["errors"] == expected["errors"]
    (problem,) = refused["errors"]
    assert problem["field"] == field
    assert problem["message"].startswith(message)


@pytest.mark.parametrize("path", ["/explain", "/closest-change"])
def test_odd_bodies_are_refused(shared_client: TestClient, path: str) -> None:
    json_type = {"Content-Type": "application/json"}
    assert shared_client.post(path, content=b"{", headers=json_type).json()["code"] == "malformed_json"
    assert shared_client.post(path, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert shared_client.post(path, content=b" " * 10**6, headers=json_type).status_code == 413
    assert ask(shared_client, path, [], 422)["errors"][0]["code"] == "not_an_object"


def test_who_is_low_already_is_told_so(shared_client: TestClient) -> None:
    found = ask(shared_client, "/closest-change", a_customer())
    assert (found["tier"], found["target_tier"]) == ("Low", None)
    assert found["message"] == "The tier is Low already: there is no lower one."
    assert found["note"].startswith("Association, not a promise")


@pytest.mark.parametrize("calls", [0, 1])
def test_who_could_only_complain_more_is_told_that_no_change_helps(shared_client: TestClient, calls: int) -> None:
    few = a_core_customer(
        accountLength=100, internationalPlan="no", voiceMailPlan="yes", numberOfVmailMessages=0, totalDayCalls=34,
        totalEveCalls=100, totalNightCalls=155, totalIntlCalls=4, customerServiceCalls=calls,
    )  # fmt: skip
    found = ask(shared_client, "/closest-change", few)
    assert (found["tier"], found["target_tier"], found["changes"], found["answer"]) == ("Medium", None, [], None)
    assert found["message"] == NO_CHANGE


def test_who_nothing_would_help_is_told_so(client: TestClient) -> None:
    client.app.state.explanations._champion(CORE_VALUES).levers.values.clear()  # type: ignore[attr-defined]
    found = ask(client, "/closest-change", a_core_customer(customerServiceCalls=6))
    assert (found["tier"], found["target_tier"], found["changes"]) == ("High", None, [])
    assert found["message"] == NO_CHANGE


def test_a_customer_at_risk_is_told_what_would_help(shared_client: TestClient) -> None:
    found = ask(shared_client, "/closest-change", a_core_customer(customerServiceCalls=6))
    assert found["message"] == "One change would lower the tier from High to Low."
    assert [(change["field"], change["from"], change["to"], change["text"]) for change in found["changes"]] == [
        ("customerServiceCalls", 6, 3, "3 customer service calls instead of 6")
    ]


def test_a_stored_prediction_is_explained_by_the_version_that_answered(client: TestClient) -> None:
    answer = stored(client, **AT_RISK)
    explained = get(client, f"/predictions/{answer['prediction_id']}/explanation")
    assert explained["answer"] == answer
    unstored = ask(client, "/explain", a_customer(**AT_RISK))
    assert explained["explanation"] == unstored["explanation"]
    assert explained["clv"] == unstored["clv"]


def test_the_short_answer_of_a_files_row_is_explained_in_full(client: TestClient) -> None:
    state = client.app.state  # type: ignore[attr-defined]
    state.telecom.segmenter = Segmenter("1", lambda *_: np.array([1]), ("Newcomers", "Talkers"))
    answer = stored(client, **AT_RISK)
    short = {name: answer[name] for name in COMPACT_KEYS if name in answer}
    short |= {"segment": 1, "field_set": answer["model"]["field_set"]}
    with state.engine.begin() as connection:
        connection.execute(update(predictions).values(answer=json.dumps(short)))
    explained = get(client, f"/predictions/{answer['prediction_id']}/explanation")
    assert explained["answer"] == answer
    assert explained["answer"]["segment"] == {"id": 1, "persona": "Talkers"}


@pytest.mark.parametrize("prediction_id", ["nobody", "%00", "%ED%A0%80", "019f7a3e-0000-7000-8000-000000000000"])
def test_a_prediction_that_is_not_there_is_not_found(client: TestClient, prediction_id: str) -> None:
    assert get(client, f"/predictions/{prediction_id}/explanation", 404)["code"] in (
        "prediction_not_found",
        "not_found",
    )


def test_a_prediction_of_a_version_that_is_gone_says_so(client: TestClient) -> None:
    answer = stored(client)
    with client.app.state.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("UPDATE predictions SET model_version = '99'")
    refused = get(client, f"/predictions/{answer['prediction_id']}/explanation", 404)
    assert refused["code"] == "version_gone"
    assert "Version 99 of telecom-usage" in refused["detail"]
    stored(client)
    assert get(client, "/customers/C-1/changes", 404)["code"] == "version_gone"


def test_an_erased_customers_prediction_is_gone(client: TestClient) -> None:
    answer = stored(client)
    assert client.delete("/customers/C-1").status_code == 204
    assert get(client, f"/predictions/{answer['prediction_id']}/explanation", 404)["code"] == "prediction_not_found"
    assert get(client, "/customers/C-1/changes", 404)["code"] == "customer_not_found"


def test_without_models_nothing_can_be_explained(start_service: Any, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "aliases.json").write_text(json.dumps({}))
    client = start_service(models_dir=tmp_path / "models")
    for path in ("/explain", "/closest-change"):
        assert ask(client, path, a_customer(), 503)["code"] == "model_not_ready"
