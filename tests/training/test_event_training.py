import json
from dataclasses import replace

import numpy as np
import pytest

from app.events.feature_table import FEATURE_NAMES, SUMMARY_FEATURES, Windows
from app.events.leaks import LeakFound
from app.events.scoring import CHURN, SUMMARY, EventModel
from app.events.seasons import Seasons
from app.explanations.trees import Forest
from app.performance.curves import ranked, roc_auc
from app.registry.artifacts import load_graph, load_version
from tests.training.event_rows import rows_of
from training.event_card import best_feature, expected_ranking, leaning_part, oracle_part
from training.event_grid import Question
from training.event_models import Recipe
from training.event_training import (
    MONOTONE,
    NEW_USERS,
    SAME_USERS,
    Material,
    answers_of,
    report,
    train,
)
from training.sealing import write_version

QUESTION = Question(Windows(60, 30), 20, 0, "explicit")
SOURCE = {"file": "log.csv", "events": 12_345}
SMALL = Recipe(4, 10, 0.5, 0.7, "class weights")


@pytest.fixture(scope="module")
def trained():
    """A model of users of one log, reported on users of another."""
    others = rows_of(users=400, seed=1, prefix="new")
    material = Material(rows_of(users=400), others, QUESTION, SOURCE, np.full(len(others), 0.2))
    return material, train(material, CHURN, "7", SMALL, 0, None)


def test_the_card_holds_all_that_a_reader_needs(trained):
    material, made = trained
    card = json.loads(json.dumps(made.card))
    assert (
        card["trained_on"] == "400 users of the log log.csv (12,345 events) at 3 dates from 2025-01-01 to 2025-03-02."
    )
    assert card["what"] == "Probability that a user cancels within 20 days"
    assert [entry["name"] for entry in card["features"]] == list(FEATURE_NAMES)
    assert card["data"]["training"]["rows"] == 1_200 and len(card["data"]["training"]["dates"]) == 3
    assert card["data"]["reporting"]["note"] == NEW_USERS
    assert [row["model"] for row in card["comparison"]] == [
        "random forest, class weights (this model)",
        "logistic regression, best 25 features",
        "gradient boosting",
    ]
    churn = card["reported"]["churn"]
    assert churn["roc_auc"]["low"] < churn["roc_auc"]["value"] < churn["roc_auc"]["high"]
    assert churn["majority_share"] == pytest.approx(1 - material.held_out.left.mean(), abs=1e-6)
    assert churn["cut_point"] == card["policy"]["decision_cut_point"] == card["policy"]["tier_cut_points"][1]
    assert {row["feature"] for row in card["importance"]["rows"]} == set(FEATURE_NAMES)
    assert {row["feature"] for row in card["importance"]["rows"][:2]} == set(FEATURE_NAMES[:2])
    assert sum(card["actions"]["counts"].values()) == card["actions"]["rows"] == 1_000
    assert card["libraries"]["scikit-learn"]
    assert "roc_auc" in report(made)


def test_a_sealed_version_answers_its_golden_rows_and_the_reported_ones(trained, tmp_path):
    material, made = trained
    sealed = load_version(write_version(tmp_path, made.card, made.files))
    model = EventModel.from_card(sealed.card, sealed.graph)
    assert (answers_of(model, material.held_out) == made.probability).all()
    forest = Forest.from_npz(made.files["trees.npz"])
    design = material.held_out.design
    assert forest.score(design) == pytest.approx(made.pipeline.predict_proba(design)[:, 1], abs=1e-9)


def test_the_same_material_gives_the_same_version_to_the_last_byte(trained):
    material, made = trained
    again = train(material, CHURN, "7", SMALL, 0, None)
    assert again.files == made.files
    assert json.dumps(again.card) == json.dumps(made.card)


def test_later_dates_of_the_same_users_are_answered_without_them():
    later = rows_of(seed=2, dates=(90,))
    material = Material(rows_of(), later, QUESTION, SOURCE).only(SUMMARY_FEATURES)
    made = train(material, SUMMARY, "1", SMALL, 0, None)
    assert made.card["data"]["reporting"]["note"] == SAME_USERS
    assert made.card["monotone"] == {**dict.fromkeys(SUMMARY_FEATURES, 0), **MONOTONE}
    model = EventModel.from_card(made.card, load_graph(made.files["model.onnx"]))
    assert (answers_of(model, material.held_out) != made.probability).any()


def test_a_label_column_copied_into_the_features_is_refused_by_name(trained):
    material, _ = trained
    planted = material.training.values.copy()
    planted[:, 5] = material.training.left
    with pytest.raises(LeakFound, match=f"{FEATURE_NAMES[5]} alone tells who left"):
        train(replace(material, training=replace(material.training, values=planted)), CHURN, "1", SMALL, 0, None)


def test_actions_are_counted_as_the_service_answers_at_that_time_of_the_year(trained):
    _, made = trained
    model = EventModel.from_card(made.card, load_graph(made.files["model.onnx"]))
    winter = replace(model, seasons=Seasons((0.0,), (5.0,)))
    forest, rows = Forest.from_npz(made.files["trees.npz"]), rows_of(users=200, seed=2, dates=(0,))
    usual, dear = (leaning_part(each, forest, rows, 0)["actions"]["counts"] for each in (model, winter))
    assert usual["leave_alone"] > 0 and dear.get("leave_alone", 0) < usual["leave_alone"]


@pytest.mark.parametrize("leavers", [0, 19])
def test_too_few_leavers_teach_nothing(trained, leavers):
    material, _ = trained
    stayed = replace(material.training, left=np.arange(len(material.training)) < leavers)
    with pytest.raises(ValueError, match=f"20 rows of users who left .* there are {leavers} and"):
        train(replace(material, training=stayed), CHURN, "1", SMALL, 0, None)


def test_a_model_that_is_one_feature_in_disguise_says_so():
    rows = rows_of()
    alone = best_feature(rows, rows, 0.0)
    assert alone["feature"] == FEATURE_NAMES[0] and alone["roc_auc"] > 0.65
    disguised = best_feature(rows, rows, alone["roc_auc"] + 0.009)
    assert disguised["in_disguise"] and "one feature in disguise" in disguised["sentence"]
    honest = best_feature(rows, rows, alone["roc_auc"] + 0.011)
    assert not honest["in_disguise"] and honest["sentence"].startswith("The best single feature")


def test_a_feature_that_lowers_the_risk_is_turned_by_the_training_rows():
    rows = rows_of()
    few = replace(rows, values=rows.values[:, 1:2], features=rows.features[1:2])
    assert best_feature(few, few, 0.9)["roc_auc"] > 0.6


def test_the_gap_to_the_process_is_expected_over_labels_and_zero_for_the_process_itself():
    rows = rows_of(users=200)
    oracle = np.random.default_rng(3).beta(1, 5, len(rows))
    own = oracle_part(rows, oracle, oracle, 0)
    assert own["gap"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    chance = oracle_part(rows, np.random.default_rng(4).random(len(rows)), oracle, 0)
    assert chance["model_roc_auc"]["value"] == pytest.approx(0.5, abs=0.03)
    drawn = np.random.default_rng(5).random((200, len(rows))) < oracle
    realised = [roc_auc(ranked(left, oracle, np.ones((1, len(rows)))))[0] for left in drawn]
    assert own["roc_auc"]["value"] == pytest.approx(np.mean(realised), abs=0.005)
    assert expected_ranking(oracle, oracle, np.ones((1, len(rows)))).leavers[0, -1] == pytest.approx(oracle.sum())
