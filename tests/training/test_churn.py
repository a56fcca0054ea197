import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import brier_score_loss, roc_auc_score

from app.telecom.features import design_matrix
from training import churn
from training.churn import ForestSettings, fold_of, out_of_fold_scores, search_settings, smote_forest
from training.datasets import CHURNED, columns_of
from training.simulate import simulate

FRAME = simulate(600, seed=7)
DESIGN = design_matrix(columns_of(FRAME), "usage")
LABEL = FRAME[CHURNED].to_numpy(np.bool_)
SETTINGS = ForestSettings(max_depth=6, min_samples_leaf=5, max_features=0.5, smote_ratio=0.5)


def test_folds_part_the_customers_and_spread_the_churners():
    fold = fold_of(LABEL, 5, seed=0)
    assert sorted(np.unique(fold)) == [0, 1, 2, 3, 4]
    shares = [LABEL[fold == number].mean() for number in range(5)]
    assert max(shares) - min(shares) < 0.02


def test_no_customer_is_scored_by_a_model_that_saw_its_fold():
    seen = []

    class Recorder(DummyClassifier):
        def fit(self, design, label):
            seen.append(set(design[:, 0]))
            return super().fit(design, label)

    numbered = np.arange(len(LABEL), dtype=np.float32)[:, None]
    fold = fold_of(LABEL, 5, seed=0)
    out_of_fold_scores(lambda: Recorder(strategy="prior"), numbered, LABEL, fold)
    for number, rows in enumerate(seen):
        assert rows == set(numbered[fold != number, 0])


def test_smote_sees_only_the_rows_it_is_fitted_on(monkeypatch):
    resampled = []
    original = churn.SMOTE.fit_resample

    def record(self, design, label, **more):
        resampled.append(len(label))
        return original(self, design, label, **more)

    monkeypatch.setattr(churn.SMOTE, "fit_resample", record)
    fold = fold_of(LABEL, 5, seed=0)
    scores = out_of_fold_scores(lambda: smote_forest(SETTINGS, seed=0), DESIGN, LABEL, fold)
    assert resampled == [int((fold != number).sum()) for number in range(5)]
    assert len(scores) == len(LABEL)


def test_the_forest_is_small_enough_to_explain():
    forest = smote_forest(SETTINGS, seed=0).fit(DESIGN, LABEL).named_steps["forest"]
    assert len(forest.estimators_) == churn.TREES <= 100
    assert max(tree.get_depth() for tree in forest.estimators_) <= 10
    assert max(churn.SEARCH_SPACE["max_depth"]) <= 10


def test_the_search_is_repeatable_and_returns_its_best(monkeypatch):
    monkeypatch.setattr(churn, "SEARCH_ROUNDS", 3)
    monkeypatch.setattr(churn, "TREES", 10)
    best, tried = search_settings(DESIGN, LABEL, seed=1)
    again, _ = search_settings(DESIGN, LABEL, seed=1)
    assert best == again
    assert [row["brier_score"] for row in tried] == sorted(row["brier_score"] for row in tried)
    assert best == ForestSettings(**{name: tried[0][name] for name in churn.SEARCH_SPACE})


def test_a_comparison_measures_every_model_on_the_same_customers():
    fold = fold_of(LABEL, 5, seed=0)
    candidates = {name: (make, DESIGN) for name, make in churn.rivals(0).items()}
    table = churn.compare_models(candidates | {"again": candidates["logistic regression"]}, LABEL, fold, seed=0)
    by_name = {row["model"]: row for row in table}
    assert list(by_name) == [*candidates, "again"]
    scores = out_of_fold_scores(candidates["untuned forest"][0], DESIGN, LABEL, fold)
    assert by_name["untuned forest"]["roc_auc"]["value"] == pytest.approx(roc_auc_score(LABEL, scores), abs=1e-6)
    probability = churn.cross_calibrated(scores, LABEL, fold)
    assert by_name["untuned forest"]["brier_score"]["value"] == pytest.approx(
        brier_score_loss(LABEL, probability), abs=1e-6
    )
    same = {"value": 0.0, "low": 0.0, "high": 0.0}
    assert by_name["again"]["paired_difference"] == {"roc_auc": same, "brier_score": same}
    difference = by_name["untuned forest"]["paired_difference"]["roc_auc"]
    unpaired = sum(row["roc_auc"]["high"] - row["roc_auc"]["low"] for row in (table[0], by_name["untuned forest"]))
    assert difference["high"] - difference["low"] < unpaired
    assert difference["value"] == pytest.approx(
        by_name["untuned forest"]["roc_auc"]["value"] - table[0]["roc_auc"]["value"], abs=2e-6
    )


@pytest.mark.parametrize("name", list(churn.BOOSTING))
def test_a_boosting_library_gives_the_same_scores_again(name):
    make = churn.boosted_rivals(0)[name]
    first, second = (make().fit(DESIGN, LABEL).predict_proba(DESIGN)[:, 1] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_library_that_is_missing_is_named_as_not_compared(monkeypatch):
    assert churn.not_installed(0) == []
    found = churn.importlib.util.find_spec
    monkeypatch.setattr(churn.importlib.util, "find_spec", lambda name: None if name == "lightgbm" else found(name))
    assert list(churn.boosted_rivals(0)) == ["XGBoost"]
    (missing,) = churn.not_installed(0)
    assert missing["model"] == "LightGBM"
    assert "boosting" in missing["not_compared"]


def test_a_label_without_signal_scores_like_chance():
    noise = np.random.default_rng(0).permutation(LABEL)
    scores = out_of_fold_scores(lambda: smote_forest(SETTINGS, 0), DESIGN, noise, fold_of(noise, 5, seed=0))
    pairs = scores[noise][:, None] - scores[~noise][None, :]
    auc = (pairs > 0).mean() + 0.5 * (pairs == 0).mean()
    assert auc == pytest.approx(0.5, abs=0.1)
