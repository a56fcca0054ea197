"""GET /customers/{id}/changes as a caller meets it."""

import pytest
from starlette.testclient import TestClient

from app.explanations.sentences import number_text
from app.telecom.features import MINUTE_FIELDS
from tests.app.explanations.asking import NUMBER, Json, ask, get, stored
from tests.factories import a_customer


def without_minutes() -> Json:
    return {field.alias: None for field in MINUTE_FIELDS}


def test_a_difference_is_divided_into_customer_and_model(client: TestClient) -> None:
    first = stored(client, totalDayMinutes=150)
    second = stored(client, totalDayMinutes=150, customerServiceCalls=6)
    third = stored(client, customerServiceCalls=6, **without_minutes())
    for before, after, query in (
        (first, second, {"to": second["prediction_id"]}),
        (second, third, {}),
        (first, third, {"from": first["prediction_id"]}),
        (first, second, {"from": first["prediction_id"], "to": second["prediction_id"]}),
    ):
        found = get(client, "/customers/C-1/changes", **query)
        for side, answer in (("before", before), ("after", after)):
            assert found[side]["prediction_id"] == answer["prediction_id"]
            assert found[side]["churn_probability"] == answer["churn_probability"]
            assert found[side]["model"]["name"] == answer["model"]["name"]
        customer, model = found["customer_changed"], found["model_changed"]
        for scale in ("score_change", "probability_change"):
            assert customer[scale] + model[scale] == pytest.approx(found[scale], abs=1e-9)
        whole = after["churn_probability"] - before["churn_probability"]
        assert found["probability_change"] == pytest.approx(whole, abs=1e-9)
        whole = found["after"]["forest_score"] - found["before"]["forest_score"]
        assert found["score_change"] == pytest.approx(whole, abs=1e-9)
        for part, base in ((customer, 0.0), (model, model["base_change"])):
            total = base + sum(entry["contribution"] for entry in part["contributions"])
            assert total == pytest.approx(part["score_change"], abs=1e-6)
        moved = found["probability_change"]
        way = "stayed the same" if abs(moved) < 0.005 else "rose" if moved > 0 else "fell"
        assert found["message"].startswith(f"The risk {way}")
        values = {number_text(entry[when]) for entry in customer["contributions"] for when in ("before", "after")
                  if not isinstance(entry[when], str)}  # fmt: skip
        for text in found["reasons"]:
            assert set(NUMBER.findall(text)) <= values


def test_the_same_version_has_no_part_in_a_difference(client: TestClient) -> None:
    stored(client, totalDayMinutes=150)
    stored(client, totalDayMinutes=150, customerServiceCalls=6)
    found = get(client, "/customers/C-1/changes")
    nothing = {"score_change": 0, "probability_change": 0, "base_change": 0, "contributions": []}
    assert found["model_changed"] == nothing
    assert found["message"] == "The risk rose because the customer changed."
    assert found["reasons"][0] == "Customer service calls went from 1 to 6, which raises the risk"


@pytest.mark.parametrize(
    ("is_known_later", "because", "reason"),
    [
        (True, "the four minutes are now known", "customers with minutes answered instead of the one without"),
        (False, "the four minutes are no longer known", "customers without minutes answered instead of the one with"),
    ],
)
def test_minutes_that_become_known_are_not_told_as_another_version(
    client: TestClient, is_known_later: bool, because: str, reason: str
) -> None:
    minutes = {"totalDayMinutes": 310, "totalEveMinutes": 280}
    for is_known in (not is_known_later, is_known_later):
        stored(client, voiceMailPlan="no", numberOfVmailMessages=0, **(minutes if is_known else without_minutes()))
    found = get(client, "/customers/C-1/changes")
    way, effect = ("rose", "raises") if is_known_later else ("fell", "lowers")
    assert found["message"] == f"The risk {way} because {because}."
    assert found["reasons"] == [f"The model for {reason}, which {effect} the score"]
    names = ["telecom-core", "telecom-usage"]
    assert [found[side]["model"]["name"] for side in ("before", "after")] == names[:: 1 if is_known_later else -1]


def test_from_must_be_earlier_than_to(client: TestClient) -> None:
    first, second, third = (stored(client, customerServiceCalls=calls)["prediction_id"] for calls in (1, 3, 6))
    for query in (
        {"from": third, "to": first},
        {"from": second, "to": first},
        {"from": second, "to": second},
        {"from": third},
    ):
        refused = get(client, "/customers/C-1/changes", 422, **query)
        assert refused["code"] == "invalid_request"
        (problem,) = refused["errors"]
        assert (problem["field"], problem["code"]) == ("from", "not_earlier")
        assert problem["message"] == "From must be an earlier prediction than to; without to, earlier than the latest"
    for query in ({"from": second}, {"from": first, "to": second}, {"from": first, "to": third}):
        assert get(client, "/customers/C-1/changes", **query)["before"]["prediction_id"] == query["from"]


def test_one_prediction_is_no_difference(client: TestClient) -> None:
    answer = stored(client)
    refused = get(client, "/customers/C-1/changes", 404)
    assert (refused["code"], refused["detail"].partition(";")[0]) == (
        "prediction_not_found",
        "There is only one prediction of this customer",
    )
    stored(client)
    refused = get(client, "/customers/C-1/changes", 404, to=answer["prediction_id"])
    assert refused["detail"].startswith("There is no earlier prediction")
    assert get(client, "/customers/nobody/changes", 404)["code"] == "customer_not_found"


def test_another_customers_prediction_is_not_compared(client: TestClient) -> None:
    stored(client)
    stored(client)
    others = ask(client, "/predict", a_customer(customerId="C-2"))["prediction_id"]
    for query in ({"from": others}, {"to": others}, {"to": "x\0"}, {"from": "nobody"}):
        refused = get(client, "/customers/C-1/changes", 404, **query)
        assert refused["detail"].startswith("This customer has no such prediction")
