import numpy as np
import pytest

from training.calibration import block_bounds, cross_calibrated, fit_table, venn_abers


def scored_customers(n, seed, distortion=0.5):
    """Draw honest probabilities, labels from them, and a score that is a distorted probability."""
    random = np.random.default_rng(seed)
    truth = random.beta(0.5, 2.5, n)
    return truth**distortion, random.random(n) < truth, truth


def test_venn_abers_brackets_isotonic_regression_and_matches_a_case_by_hand():
    score = np.array([0.1, 0.2, 0.3, 0.4])
    churned = np.array([False, False, True, True])
    p0, p1 = venn_abers(score, churned, np.array([0.25]))
    # Labelled stayed, the row joins the stayers below it; labelled churned, the churners above it.
    np.testing.assert_allclose([p0[0], p1[0]], [0.0, 1.0])
    p0, p1 = venn_abers(score, churned, np.array([0.05, 0.45]))
    np.testing.assert_allclose(p0, [0.0, 2 / 3])
    np.testing.assert_allclose(p1, [1 / 3, 1.0])


def test_the_two_probabilities_are_ordered_and_close_in_on_each_other():
    at = np.linspace(0.05, 0.95, 19)
    widths = []
    for n in (100, 2000):
        score, churned, _ = scored_customers(n, seed=1)
        p0, p1 = venn_abers(score, churned, at)
        assert (p0 <= p1).all()
        widths.append((p1 - p0).mean())
    assert widths[1] < widths[0] / 3


def test_the_table_undoes_a_distorted_score():
    score, churned, _ = scored_customers(4000, seed=2)
    fresh_score, _, fresh_truth = scored_customers(20_000, seed=3)
    probability, _, _ = fit_table(score, churned, seed=0).apply(fresh_score)
    assert np.abs(probability - fresh_truth).mean() < 0.02 < 0.1 < np.abs(fresh_score - fresh_truth).mean()


def customers_like_the_public_table(n, seed):
    """Most stay for sure, some leave for sure, few are in between: where intervals are easily too narrow."""
    random = np.random.default_rng(seed)
    kind = random.random(n)
    surely = 0.95 + 0.05 * random.beta(4, 1, n)
    truth = np.where(kind < 0.85, 0.01 + 0.03 * random.random(n), np.where(kind < 0.88, random.random(n), surely))
    return truth**0.5, random.random(n) < truth, truth


def test_the_interval_holds_the_true_share_at_both_ends_and_between():
    held = {"low": [], "middle": [], "high": []}
    for seed in range(10):
        score, churned, _ = customers_like_the_public_table(2666, seed)
        fresh, _, truth = customers_like_the_public_table(3000, 1000 + seed)
        _, low, high = fit_table(score, churned, seed=seed).apply(fresh)
        inside = (low <= truth) & (truth <= high)
        bottom = fresh <= np.quantile(fresh, 0.15)
        for place, rows in (("low", bottom), ("high", fresh > 0.9), ("middle", ~bottom & (fresh <= 0.9))):
            held[place].append(inside[rows].mean())
    assert {place: np.mean(shares) for place, shares in held.items() if np.mean(shares) < 0.85} == {}


def test_a_block_in_which_everybody_left_is_not_certain():
    low, high = block_bounds(
        np.array([0.1, 0.2, 0.9, 0.95]), np.array([False, False, True, True]), np.array([0.1, 0.9])
    )
    assert low[0] == 0.0
    assert high[1] == 1.0
    assert 0.3 < high[0] < 0.9
    assert 0.1 < low[1] < 0.7


def test_an_interval_without_information_is_not_narrow():
    score, churned, _ = scored_customers(60, seed=4)
    _, low, high = fit_table(score, churned, seed=0).apply(np.array([0.9]))
    assert high[0] - low[0] > 0.2


def test_the_same_seed_gives_the_same_table_and_another_order_of_rows_the_same_probability():
    score, churned, _ = scored_customers(500, seed=5)
    once, again = fit_table(score, churned, seed=0), fit_table(score, churned, seed=0)
    assert once.to_card() == again.to_card()
    order = np.random.default_rng(0).permutation(500)
    np.testing.assert_allclose(fit_table(score[order], churned[order], seed=0).apply(score)[0], once.apply(score)[0])


@pytest.mark.parametrize("label", [True, False])
def test_one_class_cannot_be_calibrated(label):
    with pytest.raises(ValueError, match="who stayed and customers who churned"):
        fit_table(np.array([0.1, 0.2]), np.array([label, label]), seed=0)


def test_a_fold_is_never_calibrated_by_its_own_labels():
    score, churned, _ = scored_customers(400, seed=6)
    fold = np.arange(400) % 4
    before = cross_calibrated(score, churned, fold)
    flipped = np.where(fold == 0, ~churned, churned)
    np.testing.assert_array_equal(before[fold == 0], cross_calibrated(score, flipped, fold)[fold == 0])
