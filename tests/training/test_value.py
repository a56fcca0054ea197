import json
import os
import re

import pytest

from app.events.champions import load_value_model
from app.events.columns import DAY_US
from app.events.value import HORIZONS_DAYS, MODEL_NAME, ValueModel, value_of
from app.registry.service import load_registry
from app.settings import ROOT
from tests.app.events.logs import at, frame, row
from tests.derived import assert_same
from training.value import SIMULATED_START, main, simulated_purchases, train_value
from training.value_report import report

DAYS = 300
END, CALIBRATED = SIMULATED_START + DAYS * DAY_US, SIMULATED_START + 200 * DAY_US


@pytest.fixture(scope="module")
def log():
    return simulated_purchases(600, DAYS, 1)


@pytest.fixture(scope="module")
def card(log):
    return json.loads(json.dumps(train_value("7", log, END, CALIBRATED)))


def test_the_card_is_read_by_the_service(card):
    model = ValueModel.from_card(card)
    assert (model.version, model.trained_on) == ("7", card["trained_on"])
    assert card["horizons_days"] == list(HORIZONS_DAYS)
    for part in ("buying", "spending"):
        for name, value in card[part]["parameters"].items():
            assert getattr(model, name) == value
            low, high = card[part]["intervals"][name]
            assert low <= value <= high
        assert card[part]["at_limit"] == []


def test_the_card_says_what_it_was_fitted_to(card, log):
    assert "simulated" in card["trained_on"] and card["data"]["simulated_users"] == 600
    assert card["data"]["from"] == "2024-07-08" and card["data"]["to"] == "2025-05-03"
    assert card["data"]["customers"] >= card["data"]["repeaters"] > 0
    assert card["data"]["purchases"] >= card["data"]["customers"]
    assert card["buying"]["customers"] == card["data"]["customers"]
    assert -1 < card["spending"]["correlation_with_frequency"] < 1


def test_horizons_that_the_log_does_not_reach_are_left_out(card, log):
    assert [horizon["days"] for horizon in card["holdout"]["horizons"]] == [90]
    assert card["holdout"]["as_of"] == "2025-01-24"
    too_short = train_value("7", log, END, CALIBRATED, [250])
    assert (too_short["holdout"], too_short["reported"]) == (None, {})


def test_the_figures_of_the_card_are_those_of_its_tables(card):
    reported, horizon = card["reported"], card["holdout"]["horizons"][0]
    assert reported["rows"] == sum(line["customers"] for line in horizon["by_frequency"])
    assert reported["purchases_mae_90_days"] == horizon["purchases"]["mae"]["median"]
    assert reported["purchases_mae_minus_last_period_90_days"] == horizon["purchases"]["mae_minus_rival"]["median"]
    assert reported["purchases_actual_total_90_days"] == horizon["purchases"]["total"]["actual"]


def test_the_same_log_gives_the_same_card(card, log):
    assert json.loads(json.dumps(train_value("7", log, END, CALIBRATED))) == card


def test_the_report_says_the_figures_of_the_card(card):
    text = report(card)
    for line in card["holdout"]["horizons"][0]["by_frequency"]:
        start = rf"^ +{re.escape(line['frequency'])} +{line['customers']:,} +{line['purchases']['actual']:.3f} "
        assert re.search(start, text, re.MULTILINE)
    for name, value in card["holdout"]["horizons"][0]["purchases"]["mae"].items():
        assert f"{name.replace('_', ' ')} {value:.4f}" in text
    assert "too short" in report({**card, "holdout": None})


OPTIONS = ["--users", "500", "--days", "240", "--horizons", "60"]


def test_a_version_is_sealed_and_becomes_the_champion(tmp_path, capsys):
    (tmp_path / MODEL_NAME / "1").mkdir(parents=True)
    assert main([*OPTIONS, "--models-dir", str(tmp_path)]) == 0
    registry = load_registry(tmp_path)
    assert registry.champions[MODEL_NAME].version == "2"
    assert load_value_model(registry).version == "2"
    assert "sealed" in capsys.readouterr().out


def test_a_report_alone_seals_nothing(tmp_path, capsys):
    assert main([*OPTIONS, "--models-dir", str(tmp_path), "--report-only"]) == 0
    assert list(tmp_path.iterdir()) == []
    assert "mae minus rival" in capsys.readouterr().out


def test_too_few_purchases_are_refused_with_the_reason(tmp_path, capsys):
    assert main(["--users", "20", "--days", "30", "--models-dir", str(tmp_path)]) == 1
    assert "nothing is sealed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("log", ["missing.csv", "empty.csv"])
def test_a_log_that_cannot_be_read_is_refused_in_one_line(tmp_path, capsys, log):
    (tmp_path / "empty.csv").write_text("user_id,ts,kind\n")
    assert main(["--log", str(tmp_path / log), "--models-dir", str(tmp_path / "models")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def shipped():
    return load_registry(ROOT / "models").champions[MODEL_NAME].card


def test_the_shipped_version_answers_and_says_that_it_is_fitted_to_simulated_purchases():
    model = load_value_model(load_registry(ROOT / "models"))
    told = value_of(frame([row(at(day), kind="purchase", value=9.0) for day in (0, 20, 50)]), at(60), model)
    assert "simulated" in told["note"] and "own log" in told["note"]
    assert shipped()["holdout"]["horizons"][0]["purchases"]["mae_minus_rival"]["expected"]["high"] < 0


@pytest.mark.skipif(not (os.environ.get("CI") or os.environ.get("RETRAIN")), reason="set RETRAIN=1 to fit again")
def test_fitting_again_gives_the_shipped_card(tmp_path):
    assert main(["--models-dir", str(tmp_path), "--version", shipped()["version"]]) == 0
    again = load_registry(tmp_path).champions[MODEL_NAME].card
    without = {"libraries": None, "trained_at": None}
    assert_same({**again, **without}, {**shipped(), **without}, rel=1e-4, near=1e-4)
