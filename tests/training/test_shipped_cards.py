"""Every figure of a shipped card is derived again: from the sealed files and the public table, and by retraining."""

import json
import os

import numpy as np
import pytest

from app.explanations.trees import TREES, Forest
from app.performance.held_out import FILE, NAMES, PERFORMANCE, HeldOut
from app.registry.service import load_registry, read_file
from app.settings import ROOT
from app.telecom import policy
from app.telecom.clv import ClvAssumptions, expected_remaining_months
from app.telecom.features import FIELD_BY_NAME, MODELLED_FIELDS
from app.telecom.scoring import ScoringModel
from tests.derived import assert_same
from training.__main__ import main
from training.datasets import CHURNED, columns_of, count_shared_rows, file_digest, load_bigml
from training.importance import correlated_groups, importance_of
from training.performance import held_out_of, sorted_for_sealing
from training.telecom import action_counts, reported_figures

CARDS = {name: sealed.card for name, sealed in load_registry(ROOT / "models").champions.items()}
TELECOM_CARDS = {name: card for name, card in CARDS.items() if name.startswith("telecom-")}
FIELD_SETS = ("core", "usage")
pytestmark = pytest.mark.real_data


def shipped(field_set):
    sealed = load_registry(ROOT / "models").champions[f"telecom-{field_set}"]
    return sealed.card, ScoringModel.from_card(sealed.card, sealed.graph)


@pytest.fixture(scope="module")
def training(real_data):
    return load_bigml(real_data / "churn-bigml-80.csv")


@pytest.fixture(scope="module")
def reporting(real_data):
    return load_bigml(real_data / "churn-bigml-20.csv")


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_reported_figures_are_those_of_the_sealed_graph(field_set, reporting):
    card, model = shipped(field_set)
    assumptions = {
        name: card["clv"]["assumptions"][name] for name in ("annual_churn", "annual_discount", "horizon_months")
    }
    derived = reported_figures(
        reporting, model, card["churn"]["decision_cut_point"], ClvAssumptions(**assumptions), card["seed"]
    )
    assert_same(derived, card["reported"])


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_data_fields_and_assumptions_are_those_of_the_files(field_set, training, reporting, real_data):
    card, _ = shipped(field_set)
    for side, frame in (("training", training), ("reporting", reporting)):
        printed = card["data"][side]
        assert printed["sha256"] == file_digest(real_data / printed["file"])
        assert (printed["rows"], printed["churned"]) == (len(frame), int(frame[CHURNED].sum()))
        assert printed["churn_rate"] == pytest.approx(frame[CHURNED].mean(), abs=1e-6)
    assert set(card["fields"]) == set(MODELLED_FIELDS[field_set])
    for name, printed in card["fields"].items():
        values = training[name].to_numpy()
        assert printed["training_range"] == [values.min(), values.max()]
        assert printed["typical"] == np.median(values)
        assert printed["accepted_range"] == [0.0, FIELD_BY_NAME[name].maximum]
        assert (printed["alias"], printed["label"]) == (FIELD_BY_NAME[name].alias, FIELD_BY_NAME[name].label)
    assumptions = card["clv"]["assumptions"]
    assert assumptions["annual_churn"] == card["data"]["training"]["churn_rate"]
    assert assumptions["expected_remaining_months"] == pytest.approx(
        expected_remaining_months(ClvAssumptions(assumptions["annual_churn"])), abs=1e-5
    )
    assert "not observed" in card["clv"]["target"]


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_each_action_reaches_somebody_in_the_training_data(field_set, training):
    card, model = shipped(field_set)
    counts = action_counts(columns_of(training), model)
    assert counts == card["policy"]["training_customers"]
    assert set(counts) == {action.code for action in policy.RECOMMENDATIONS.values()}
    assert min(counts.values()) >= 1
    assert sum(counts.values()) == len(training)


def test_no_reporting_customer_was_trained_on(training, reporting):
    assert count_shared_rows(training, reporting) == 0


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_the_forest_is_compared_with_its_rivals_in_the_same_folds(field_set):
    rows = {row["model"]: row for row in CARDS[f"telecom-{field_set}"]["churn"]["comparison"]}
    assert {"logistic regression", "untuned forest", "gradient boosting", "XGBoost", "LightGBM"} < set(rows)
    for row in rows.values():
        assert row["roc_auc"]["low"] < row["roc_auc"]["value"] < row["roc_auc"]["high"]


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_the_held_out_scores_are_those_of_the_sealed_graph(field_set, reporting):
    sealed = load_registry(ROOT / "models").champions[f"telecom-{field_set}"]
    card, model = shipped(field_set)
    assumptions = ClvAssumptions(card["clv"]["assumptions"]["annual_churn"])
    derived = held_out_of(sorted_for_sealing(reporting, model, assumptions), model, assumptions)
    kept = HeldOut.from_npz(read_file(sealed, FILE))
    for name in NAMES:
        np.testing.assert_allclose(getattr(kept, name), getattr(derived, name), rtol=1e-6, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("field_set", FIELD_SETS)
def test_importance_is_that_of_the_sealed_trees_and_graph(field_set, training, reporting):
    sealed = load_registry(ROOT / "models").champions[f"telecom-{field_set}"]
    card, model = shipped(field_set)
    derived = importance_of(
        columns_of(reporting), reporting[CHURNED].to_numpy(np.bool_), model, Forest.from_npz(read_file(sealed, TREES)),
        correlated_groups(columns_of(training), model), card["seed"],
    )  # fmt: skip
    assert_same(derived, json.loads(read_file(sealed, PERFORMANCE))["importance"])


@pytest.mark.skipif(
    not (os.environ.get("CI") or os.environ.get("RETRAIN")), reason="retrains for two minutes: set RETRAIN=1 to run it"
)
def test_retraining_gives_the_same_cards(tmp_path, real_data):
    assert main(["--data", str(real_data), "--models-dir", str(tmp_path), "--version", "1"]) == 0
    for name, card in TELECOM_CARDS.items():
        again = json.loads((tmp_path / name / "1" / "card.json").read_text(encoding="utf-8"))
        without = {"libraries", "version", "scored_by", "trained_at"}
        champion = load_registry(ROOT / "models").champions[name]
        if champion.graph is not None:
            page = json.loads((tmp_path / name / "1" / PERFORMANCE).read_text(encoding="utf-8"))
            assert_same(page, json.loads(read_file(champion, PERFORMANCE)), name)
        assert_same(
            {key: value for key, value in again.items() if key not in without},
            {key: value for key, value in card.items() if key not in without},
        )
