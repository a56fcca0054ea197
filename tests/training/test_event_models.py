import numpy as np
import pytest

from app.events.feature_table import SUMMARY_FEATURES
from app.events.leaks import LeakFound, ranking_strength
from tests.training.event_rows import rows_of
from training import event_models
from training.event_grid import Rows
from training.event_models import (
    RECIPES,
    Recipe,
    compare,
    cross_fitted,
    event_forest,
    rivals,
    scores_of,
    search_recipe,
)

SMALL = Recipe(4, 5, 0.5, 0.7, "class weights")


class Remembering:
    """A model that answers a user it was fitted on with the user's label, and others with one half."""

    def fit(self, design, left):
        self.known = {row.tobytes(): flag for row, flag in zip(design, left, strict=True)}
        return self

    def predict_proba(self, design):
        score = np.array([float(self.known.get(row.tobytes(), 0.5)) for row in design])
        return np.column_stack([1 - score, score])


def test_no_user_is_scored_by_a_model_that_saw_the_user_at_any_date():
    rows = rows_of(users=60, dates=(0,))
    # The same user looks the same at every date: whoever remembers would be caught.
    training = Rows(
        np.vstack([rows.values] * 2), np.tile(rows.left, 2), np.tile(rows.user, 2), np.repeat([0, 1], 60), rows.features
    )
    out_of_fold, later = cross_fitted(Remembering, training, rows)
    assert (out_of_fold == 0.5).all() and (later == 0.5).all()


def test_a_fold_that_tears_a_user_apart_is_caught(monkeypatch):
    monkeypatch.setattr(Rows, "fold", property(lambda rows: np.arange(len(rows)) % 5))
    with pytest.raises(LeakFound, match="both trained on and held out"):
        cross_fitted(Remembering, rows_of(users=61, dates=(0, 30)))


def test_the_search_judges_the_last_date_by_dates_whose_labels_were_known(monkeypatch):
    rows = rows_of(users=120)
    seen = []

    class Spy(Remembering):
        def fit(self, design, left):
            seen.append(("fit", {row.tobytes() for row in design}))
            return super().fit(design, left)

        def predict_proba(self, design):
            seen.append(("judge", {row.tobytes() for row in design}))
            return super().predict_proba(design)

    monkeypatch.setattr(event_models, "event_forest", lambda recipe, seed: Spy())
    _, tried, method = search_recipe(rows, 30, 0)
    assert len(tried) == len(RECIPES) and "last training date" in method
    date_of = dict(zip((row.tobytes() for row in rows.design), rows.as_of.tolist(), strict=True))
    user_of = dict(zip((row.tobytes() for row in rows.design), rows.user.tolist(), strict=True))
    for (_, fitted), (_, judged) in zip(seen[::2], seen[1::2], strict=True):
        assert {date_of[row] for row in judged} == {int(rows.as_of.max())}
        assert max(date_of[row] for row in fitted) < rows.as_of.max()
        assert not {user_of[row] for row in fitted} & {user_of[row] for row in judged}


def test_dates_too_close_together_are_judged_by_other_users_and_say_so(monkeypatch):
    monkeypatch.setattr(event_models, "event_forest", lambda recipe, seed: Remembering())
    assert "too close" in search_recipe(rows_of(users=120), 90, 0)[2]


@pytest.mark.parametrize("balance", ["class weights", "SMOTE"])
def test_a_forest_finds_what_the_label_follows_and_scores_spread(balance):
    rows = rows_of(base=-3.0)
    out_of_fold, _ = cross_fitted(lambda: event_forest(Recipe(4, 10, 0.5, 0.7, balance), 0), rows)
    assert ranking_strength(out_of_fold, rows.left) > 0.7
    assert np.ptp(out_of_fold) > 0.3


def test_a_monotone_forest_never_goes_the_other_way():
    rows = rows_of(features=SUMMARY_FEATURES)
    monotone = (-1, -1, -1, 1)
    model = event_forest(SMALL, 0, monotone).fit(rows.design, rows.left)
    for place, sign in enumerate(monotone):
        moved = rows.values.copy()
        moved[:, place] += 0.7
        change = scores_of(model, Rows(moved, rows.left, rows.user, rows.as_of)) - scores_of(model, rows)
        assert (sign * change >= -1e-12).all()


def test_the_comparison_pairs_every_rival_with_the_model_on_the_same_users():
    rows = rows_of()
    own, _ = cross_fitted(lambda: event_forest(SMALL, 0), rows)
    table = compare({"own": own, "the same again": own, "chance": np.random.default_rng(0).random(len(rows))}, rows, 0)
    assert "paired_difference" not in table[0]
    assert table[1]["paired_difference"]["roc_auc"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert table[2]["paired_difference"]["roc_auc"]["high"] < 0


def test_the_line_reads_at_most_the_best_25_features():
    rows = rows_of()
    line = rivals(0, len(rows.features))["logistic regression, best 25 features"]().fit(rows.design, rows.left)
    assert line.named_steps["selectkbest"].get_support().sum() == 25
    assert line.named_steps["selectkbest"].get_support()[:2].all()
    few = rows.only(SUMMARY_FEATURES)
    assert (
        rivals(0, 4)["logistic regression, best 25 features"]()
        .fit(few.design, few.left)
        .predict_proba(few.design)
        .shape
    )
