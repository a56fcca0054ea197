import csv
import io

from app.segments.exports import RISK_COLUMNS, SEGMENT_COLUMNS, segment_lines, value_at_risk_lines
from app.segments.sums import by_cell
from tests.app.segments.portfolios import every_cell
from tests.app.segments.segment_cards import a_card
from tests.app.segments.test_sums import rows

SCORED = {
    "customers": 7,
    "share": 0.5,
    "mean_churn_probability": None,
    "observed": {"churned": 1, "stayed": 2},
    "mean_clv_usd": 5000.5,
    "value_at_risk_usd": 700.0,
    "tiers": {"High": 1, "Medium": 2, "Low": 4},
}


def read(content):
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_a_segment_is_a_line_with_what_is_learned_and_what_is_stored():
    learned = a_card()["segments"][1]
    (line,) = read(segment_lines({"segments": [{**learned, "training": learned, "portfolio": SCORED}]}))
    assert tuple(line) == SEGMENT_COLUMNS
    assert (line["segment"], line["persona"]) == ("1", learned["persona"])
    assert line["what_sets_it_apart"] == learned["sentences"][0]
    assert line["training_churn_rate_low"] == str(learned["churn_rate"]["low"])
    assert (line["mean_churn_probability"], line["medium_risk_customers"]) == ("", "2")
    means = {difference["feature"]: difference["mean"] for difference in learned["differences"]}
    assert float(line["training_mean_monthly_charge_usd"]) == means["monthly_charge_usd"]


def test_what_a_rule_segment_does_not_know_is_empty():
    segment = {"id": 0, "persona": "=1+1", "sentences": ["One."], "training": None, "portfolio": SCORED,
               "differences": []}  # fmt: skip
    (line,) = read(segment_lines({"segments": [segment]}))
    assert (line["training_customers"], line["what_it_is_worth"], line["training_churn_rate"]) == ("", "", "")
    assert line["persona"] == "'=1+1"


def test_value_at_risk_is_a_line_a_cell():
    cells = by_cell(rows(every_cell()))
    lines = read(value_at_risk_lines({"cells": cells}))
    assert tuple(lines[0]) == RISK_COLUMNS
    assert [(line["value_band"], line["tier"], float(line["value_at_risk_usd"])) for line in lines] == [
        (cell["value_band"], cell["tier"], cell["value_at_risk_usd"]) for cell in cells
    ]
