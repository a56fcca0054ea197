import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

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


def test_a_label_without_signal_scores_like_chance():
    noise = np.random.default_rng(0).permutation(LABEL)
    scores = out_of_fold_scores(lambda: smote_forest(SETTINGS, 0), DESIGN, noise, fold_of(noise, 5, seed=0))
    pairs = scores[noise][:, None] - scores[~noise][None, :]
    auc = (pairs > 0).mean() + 0.5 * (pairs == 0).mean()
    assert auc == pytest.approx(0.5, abs=0.1)
