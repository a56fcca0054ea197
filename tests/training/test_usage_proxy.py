import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from app.events.leaks import LeakFound
from app.events.policy import cut_points_for
from training.usage_proxy import (
    LABEL,
    Window,
    answers,
    fell,
    probability_of,
    simulate_windows,
    told,
    train_on_simulated_windows,
    train_usage_model,
    window_features,
)


@pytest.fixture(scope="module")
def card():
    return json.loads(json.dumps(train_on_simulated_windows(6_000, 0)))


def window(minutes, data):
    return Window(np.array(minutes, dtype=float), np.array(data, dtype=float))


def test_who_falls_uses_under_half_of_everything_used_before():
    before = window([[100, 100]] * 5 + [[0, 0]], [[0, 0], [0, 0], [50, 50], [50, 50], [0, 0], [0, 0]])
    after = window(
        [[40, 40], [60, 60], [40, 40], [40, 40], [50, 50], [0, 0]], [[0, 0], [0, 0], [40, 40], [10, 10], [0, 0], [9, 9]]
    )
    # Only minutes fell, nothing fell, data did not fall, both fell, exactly half, and nobody to fall.
    assert fell(before, after).tolist() == [True, False, False, True, False, False]


def test_the_same_seed_gives_the_same_windows_and_the_model_never_sees_the_later_one():
    before, after = simulate_windows(50, 1)
    again = simulate_windows(50, 1)[0]
    assert (before.minutes == again.minutes).all() and (before.data == again.data).all()
    assert before.minutes.shape == after.data.shape == (50, 3)
    assert set(window_features(before)) == {
        f"{service}_{feature}" for service in ("minutes", "data") for feature in ("level", "trend", "scatter")
    }


def test_two_windows_can_be_learnt_from(card):
    figures = card["figures"]
    assert figures["roc_auc"]["low"] > 0.7
    assert figures["roc_auc"]["value"] > card["best_single_feature"]["roc_auc"]
    assert figures["accuracy"]["low"] <= figures["accuracy"]["value"] <= figures["accuracy"]["high"]
    assert figures["majority_share"] == pytest.approx(1 - figures["churn_rate"])
    assert figures["calibration_error"]["value"] < 0.06
    assert card["trained_on"] + figures["rows"] == 6_000


def test_held_out_customers_are_like_those_trained_on(card):
    # A split drawn from the simulator's own stream would hold out those who drift away.
    assert card["figures"]["churn_rate"] == pytest.approx(card["typical_rate"], abs=0.04)


def test_the_card_alone_answers_yes_or_no_at_its_cut(card):
    columns = window_features(simulate_windows(2_000, 9)[0])
    probability = probability_of(card, columns)
    told_yes = np.array([answer == "Yes" for answer in answers(card, columns)])
    assert card["cut_point"] == cut_points_for(card["typical_rate"])[1]
    assert (told_yes == (probability >= card["cut_point"])).all()
    assert 0 < told_yes.mean() < 0.5
    on_the_cut = {**card, "cut_point": float(probability[0])}
    assert answers(on_the_cut, {name: values[:1] for name, values in columns.items()}) == ["Yes"]
    with pytest.raises(KeyError):
        answers(card, {name: columns[name] for name in list(columns)[1:]})


def test_the_reported_auc_is_scikit_learns(card):
    before, after = simulate_windows(6_000, 0)
    columns, left = window_features(before), fell(before, after)
    held = np.random.default_rng((0, 1)).random(6_000) < 0.3
    expected = roc_auc_score(left[held], probability_of(card, columns)[held])
    assert card["figures"]["roc_auc"]["value"] == pytest.approx(expected, abs=1e-6)


def test_figures_are_told_with_their_intervals(card):
    text = "\n".join(told(card))
    auc = card["figures"]["roc_auc"]
    assert f"ROC-AUC {auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})" in text
    assert f"always saying no: {card['figures']['majority_share']:.3f}" in text


def test_a_label_that_the_inputs_spell_out_is_refused():
    before, after = simulate_windows(500, 2)
    columns, left = window_features(before), fell(before, after)
    with pytest.raises(LeakFound, match="computed from data_level and minutes_level, and from nothing else"):
        train_usage_model(columns, left, LABEL, ("minutes_level", "data_level"), 0)
    # Not declared, but found out: the label itself is among the columns.
    with pytest.raises(LeakFound, match="answer alone tells who left"):
        train_usage_model({**columns, "answer": left.astype(float)}, left, LABEL, ("later minutes",), 0)


def test_one_class_is_nothing_to_learn_from():
    columns = window_features(simulate_windows(100, 2)[0])
    with pytest.raises(ValueError, match="same label"):
        train_usage_model(columns, np.zeros(100, np.bool_), LABEL, ("later minutes",), 0)
