"""The trainer as a person starts it, and its bars on real invoices."""

import json
from dataclasses import replace

import numpy as np
import pytest

from app.events.champions import ready_to_score
from app.events.columns import DAY_US
from app.events.feature_table import Windows
from app.events.scoring import CHURN, SUMMARY
from app.performance.curves import brier_score, calibration_error, ranked, roc_auc
from app.registry.service import load_registry
from tests.derived import assert_same
from tests.sealed import MODELS
from tests.training.event_rows import rows_of
from training import event_models, events
from training.event_calibration import calibration_of, cross_calibrated_later, seasons_of
from training.event_card import oracle_part
from training.event_grid import Question, check_grid, person_resamples, rows_at
from training.event_logs import read_log
from training.event_models import RECIPES, cross_fitted, event_forest
from training.event_training import Material, Trained, answers_of
from training.events import fresh_rows, main, next_version, simulated_material
from training.metrics import churn_figures


def moment(day):
    return int(np.datetime64(day, "us").astype(np.int64))


def test_two_versions_are_sealed_and_answer(tmp_path, monkeypatch, capsys):
    rows, others = rows_of(users=150), rows_of(users=150, seed=1, prefix="new")
    material = Material(rows, others, Question(Windows(), 30, 0, "explicit"), {"events": 1})
    monkeypatch.setattr(events, "material_of", lambda options: material)
    monkeypatch.setattr(event_models, "RECIPES", RECIPES[-2:])
    assert main(["--models-dir", str(tmp_path)]) == 0
    registry = load_registry(tmp_path)
    assert not registry.refused and set(registry.champions) == {CHURN, SUMMARY}
    assert next_version(tmp_path, CHURN) == "2"
    assert "sealed" in capsys.readouterr().out


def test_a_model_without_a_signal_is_sealed_to_be_looked_at_and_does_not_serve(tmp_path, monkeypatch, capsys):
    rows, others = rows_of(users=150), rows_of(users=150, seed=1, prefix="new")
    chance = np.random.default_rng(5).permutation(others.left)
    material = Material(rows, replace(others, left=chance), Question(Windows(), 30, 0, "explicit"), {"events": 1})
    monkeypatch.setattr(events, "material_of", lambda options: material)
    monkeypatch.setattr(event_models, "RECIPES", RECIPES[-1:])
    assert main(["--models-dir", str(tmp_path)]) == 0
    assert not load_registry(tmp_path).champions
    assert next_version(tmp_path, CHURN) == "2"
    assert "No usable signal" in capsys.readouterr().out


@pytest.mark.parametrize("log", ["missing.csv", "short.csv"])
def test_a_log_that_cannot_be_trained_on_is_refused_in_one_line(tmp_path, capsys, log):
    (tmp_path / "short.csv").write_text("user_id,ts,kind\na,2026-01-31T12:00:00Z,play\n")
    assert main(["--log", str(tmp_path / log), "--models-dir", str(tmp_path / "models")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("refused: ") and told.count("\n") == 1


def test_a_report_alone_seals_nothing(tmp_path, monkeypatch, capsys):
    made = Trained({"version": "1"}, {}, None, np.empty(0))
    monkeypatch.setattr(events, "material_of", lambda options: None)
    monkeypatch.setattr(events, "report", lambda trained: "figures\n")
    for train in ("train_churn", "train_summary"):
        monkeypatch.setattr(events, train, lambda material, version, seed: made)
    assert main(["--models-dir", str(tmp_path), "--report-only"]) == 0
    assert not list(tmp_path.iterdir())
    assert "not sealed\nfigures" in capsys.readouterr().out


def test_simulated_rows_are_reported_on_later_dates_of_other_users():
    question = Question(Windows(), 30, 0, "explicit")
    material = simulated_material(question, 300, 3)
    assert material.held_out.as_of.min() >= material.training.as_of.max() + 30 * DAY_US
    assert not set(material.training.user) & set(material.held_out.user)
    assert np.isfinite(material.oracle).all()
    assert material.oracle.mean() == pytest.approx(material.held_out.left.mean(), abs=0.05)


@pytest.fixture(scope="module")
def invoices(shared_data):
    """Training rows of 2010-06-01 to 2011-03-01 and the rows of 2011-09-01, as the bars name them."""
    log = read_log(shared_data / "retail_invoices" / "invoices_2009_2011.csv", "retail_invoices", moment("2012-01-01"))
    question = Question(Windows(180, 30), 90, 0, "silence")
    months = np.arange(np.datetime64("2010-06"), np.datetime64("2011-04"))
    dates, test = [moment(f"{month}-01") for month in months], moment("2011-09-01")
    check_grid(log.events, dates, [test], question)
    return rows_at(log.events, dates, question), rows_at(log.events, [test], question)


@pytest.mark.real_data
def test_real_invoices_meet_their_bars_on_a_later_date_without_having_seen_the_users(invoices):
    training, later = invoices
    assert len(later) == 2_772
    out_of_fold, scores = cross_fitted(lambda: event_forest(RECIPES[0], 0), training, later)
    seasons = seasons_of(calibration_of(out_of_fold, training, 0).apply(out_of_fold)[0], training)
    probability = cross_calibrated_later(out_of_fold, training, scores, later, seasons)
    everybody = np.ones((1, len(later)))
    assert roc_auc(ranked(later.left, probability, everybody))[0] >= 0.755
    assert brier_score(later.left, probability, everybody)[0] <= 0.20
    assert calibration_error(later.left, probability) <= 0.04


CARDS = {name: json.loads((MODELS / name / "1" / "card.json").read_text()) for name in (CHURN, SUMMARY)}


def test_the_shipped_model_is_within_two_hundredths_of_the_process_that_made_the_log():
    oracle = CARDS[CHURN]["oracle"]
    assert oracle["gap"]["high"] <= 0.0205
    assert oracle["gap"]["value"] <= 0.02


@pytest.fixture(scope="module")
def fresh():
    """The users the shipped cards were reported on, simulated again."""
    made = CARDS[CHURN]["data"]["source"]["reported_on"]
    rows, oracle, events = fresh_rows(Question(Windows(), 30, 0, "explicit"), made["users"], made["seed"])
    assert events == made["events"]
    return rows, oracle


@pytest.mark.parametrize("name", [CHURN, SUMMARY])
def test_every_reported_figure_of_a_shipped_card_is_derived_again_from_the_shipped_files(fresh, name):
    rows, oracle = fresh
    card, shipped = CARDS[name], ready_to_score(load_registry(MODELS).champions[name])
    rows = rows.only(tuple(feature["name"] for feature in card["features"]))
    found = answers_of(shipped, rows)
    derived = churn_figures(
        rows.left, found, card["policy"]["decision_cut_point"], person_resamples(rows, card["seed"])
    )
    assert_same(derived, card["reported"]["churn"])
    assert_same(oracle_part(rows, found, oracle, card["seed"]), card["oracle"])


@pytest.mark.parametrize("name", [CHURN, SUMMARY])
def test_the_shipped_files_are_small(name):
    folder = MODELS / name / "1"
    assert (folder / "trees.npz").stat().st_size <= 3_000_000
    assert (folder / "model.onnx").stat().st_size <= 5_000_000


def test_the_shipped_cards_say_what_they_lean_on_and_what_they_are_not():
    for card in CARDS.values():
        assert card["best_feature"]["sentence"]
        assert card["best_feature"]["in_disguise"] == ("in disguise" in card["best_feature"]["sentence"])
        assert any("simulated log" in limit for limit in card["limits"])
        assert card["seasons"]["shifts"] == []
