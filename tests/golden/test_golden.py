"""Answers that change only on purpose; `scripts/golden` writes them again."""

import json

import pytest

from tests.golden.record import FILES, record


@pytest.fixture(scope="module")
def recorded():
    return record()


@pytest.mark.parametrize("name", FILES)
def test_the_service_answers_as_recorded(name, recorded):
    golden = json.loads(FILES[name].read_text(encoding="utf-8"))
    assert json.loads(json.dumps(recorded[name])) == golden


def test_twenty_predictions_show_every_tier_and_both_field_sets(recorded):
    answers = [answer for _, answer in recorded["predictions"]]
    assert len(answers) == 20
    assert {answer["churn_risk"] for answer in answers} >= {"Low", "High"}
    assert {answer["model"]["field_set"] for answer in answers} == {"core", "usage"}
