import csv
import io
import shutil
from collections import Counter

import pytest

from app.segments.assignment import MODEL_NAME
from app.settings import ROOT
from tests.app.segments.segment_cards import PERSONAS, a_card, golden_of
from tests.app.segments.test_service import sealed
from tests.factories import a_core_customer, many_customers


@pytest.fixture
def models_dir(tmp_path):
    """The shipped models with a version of three segments in place of the shipped ones."""
    folder = tmp_path / "models"
    shutil.copytree(ROOT / "models", folder, ignore=shutil.ignore_patterns(MODEL_NAME))
    card = a_card()
    sealed(folder, {**card, "golden": golden_of(card)})
    return folder


def read(response):
    assert response.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def test_what_is_scored_is_what_the_segments_show(start_service, models_dir):
    client = start_service(models_dir=models_dir)
    customers = [*many_customers(60), *(a_core_customer(customerId=f"core-{number}") for number in range(5))]
    answers = client.post("/batch-predict", json=customers).json()["predictions"]
    shown = client.get("/segments").json()
    counted = Counter(answer["segment"]["id"] for answer in answers)
    assert {answer["segment"]["persona"] for answer in answers} == {PERSONAS[segment] for segment in counted}
    assert len(counted) == len(PERSONAS)
    for segment in shown["segments"]:
        mine = [answer for answer in answers if answer["segment"]["id"] == segment["id"]]
        figures = segment["portfolio"]
        assert figures["customers"] == len(mine)
        assert figures["value_at_risk_usd"] == pytest.approx(sum(answer["value_at_risk_usd"] for answer in mine))
        assert figures["mean_churn_probability"] == pytest.approx(
            sum(answer["churn_probability"] for answer in mine) / len(mine), abs=1e-6
        )
        assert {tier: count for tier, count in figures["tiers"].items() if count} == Counter(
            answer["churn_risk"] for answer in mine
        )
    risk = client.get("/value-at-risk").json()
    for cell in risk["cells"]:
        mine = [answer for answer in answers if (answer["value_band"], answer["churn_risk"]) ==
                (cell["value_band"], cell["tier"])]  # fmt: skip
        assert cell["customers"] == len(mine)
        assert cell["value_at_risk_usd"] == pytest.approx(sum(answer["value_at_risk_usd"] for answer in mine))
    assert risk["total"]["customers"] == len(customers)


def test_a_customer_who_left_is_observed_and_at_risk_no_more(start_service, models_dir):
    client = start_service(models_dir=models_dir)
    (answer,) = client.post("/batch-predict", json=many_customers(1)).json()["predictions"]
    outcome = {"outcome": "churned", "date": "2026-01-31"}
    assert client.post("/customers/C-0/outcome", json=outcome).status_code == 200
    segment = client.get("/segments").json()["segments"][answer["segment"]["id"]]
    assert segment["portfolio"]["observed"] == {"churned": 1, "stayed": 0}
    assert segment["portfolio"]["customers"] == 0
    assert client.get("/value-at-risk").json()["total"]["value_at_risk_usd"] == 0


def test_the_files_say_what_the_answers_say(start_service, models_dir):
    client = start_service(models_dir=models_dir)
    client.post("/batch-predict", json=many_customers(20))
    segments, risk = client.get("/segments").json(), client.get("/value-at-risk").json()
    lines = read(client.get("/segments.csv"))
    assert [int(line["customers"]) for line in lines] == [s["portfolio"]["customers"] for s in segments["segments"]]
    lines = read(client.get("/value-at-risk.csv"))
    assert [float(line["value_at_risk_usd"]) for line in lines] == [c["value_at_risk_usd"] for c in risk["cells"]]
    assert client.get("/segments.csv").headers["content-disposition"] == 'attachment; filename="segments.csv"'


def test_the_models_name_the_segments(start_service, models_dir):
    models = {model["name"]: model for model in start_service(models_dir=models_dir).get("/models").json()["models"]}
    assert models[MODEL_NAME]["version"] == "1" and models[MODEL_NAME]["loaded"]


def test_with_a_broken_version_scoring_goes_on_without_segments(start_service, models_dir):
    card = models_dir / MODEL_NAME / "1" / "card.json"
    card.write_bytes(card.read_bytes() + b" ")
    client = start_service(models_dir=models_dir)
    answer = client.post("/predict", json=many_customers(1)[0])
    assert (answer.status_code, answer.json()["segment"]) == (200, None)
    assert client.get("/readyz").status_code == 200
    shown = client.get("/segments").json()
    assert (shown["model"], shown["method"]) == (None, "rules")
    assert "does not match its checksum" in shown["finding"]
    assert sum(segment["portfolio"]["customers"] for segment in shown["segments"]) == 1
    listed = {model["name"]: model for model in client.get("/models").json()["models"]}
    assert "does not match its checksum" in listed[MODEL_NAME]["reason"]


def test_centres_whose_golden_rows_differ_are_not_used(start_service, tmp_path, models_dir):
    shutil.rmtree(models_dir / MODEL_NAME)
    card = a_card()
    sealed(models_dir, {**card, "golden": golden_of(card, 50), "centroids": card["centroids"][::-1]})
    client = start_service(models_dir=models_dir)
    assert "golden rows" in client.get("/segments").json()["finding"]
    assert client.post("/predict", json=many_customers(1)[0]).json()["segment"] is None
