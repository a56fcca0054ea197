import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from training import clustering
from training.clustering import (
    best_features,
    choose,
    cluster,
    curves,
    distances,
    match,
    mean_silhouette,
    one_standard_error_choice,
    references,
    single_threaded,
)


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    """Enough rounds to tell blobs from a cloud."""
    monkeypatch.setattr(clustering, "RESAMPLES", 8)
    monkeypatch.setattr(clustering, "REFERENCE_DRAWS", 3)
    with single_threaded():
        yield


def standardised(rows):
    return (rows - rows.mean(axis=0)) / rows.std(axis=0)


def blobs(k=4, n=40, seed=0):
    """Groups around the corners of a cube, far apart."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])[[0, 3, 5, 6, 1, 2, 4, 7][:k]]
    noise = np.random.default_rng(seed).normal(0, 0.08, (k * n, 3))
    return standardised(np.repeat(corners, n, axis=0) + noise)


def clouds(n=250, seed=0):
    """Data without groups, each of its own shape."""
    random = np.random.default_rng(seed)
    return {
        "normal": standardised(random.normal(size=(n, 4))),
        "even": standardised(random.uniform(size=(n, 4))),
        "correlated": standardised(random.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], n)),
        "flat": standardised(random.normal(size=(n, 2))),
    }


def measured(rows, seed=0):
    return {**curves(rows, seed), **references(rows, seed)}


@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_silhouette_is_scikit_learns(k):
    rows = clouds()["normal"]
    labels = cluster(rows, k, 0).labels
    assert mean_silhouette(distances(rows), labels) == pytest.approx(silhouette_score(rows, labels), abs=1e-9)
    some = np.arange(0, len(rows), 3)
    assert mean_silhouette(distances(rows), labels[some], some) == pytest.approx(
        silhouette_score(rows[some], labels[some]), abs=1e-9
    )


def test_a_row_alone_counts_nothing_and_one_group_has_no_silhouette():
    rows = np.array([[0.0], [0.1], [9.0]])
    labels = np.array([0, 0, 1])
    assert mean_silhouette(distances(rows), labels) == pytest.approx(silhouette_score(rows, labels))
    assert mean_silhouette(distances(rows), np.zeros(3, dtype=int)) == 0.0


def test_the_largest_group_is_the_first_and_every_row_has_its_centre():
    rows = np.vstack([blobs(2, 30), blobs(2, 30)[:30], blobs(2, 30)[:20]])
    found = cluster(rows, 2, 0)
    sizes = np.bincount(found.labels)
    assert sizes[0] > sizes[1]
    nearest = np.argmin(((rows[:, None] - found.centroids) ** 2).sum(axis=2), axis=1)
    assert nearest.tolist() == found.labels.tolist()


@pytest.mark.parametrize("k", [3, 4, 6])
def test_as_many_groups_as_there_are_blobs_are_chosen(k):
    found = measured(blobs(k))
    assert choose(found) == k
    assert one_standard_error_choice(found) == k


@pytest.mark.parametrize("shape", ["normal", "even", "correlated", "flat"])
def test_nothing_separates_in_data_without_groups(shape):
    assert choose(measured(clouds()[shape])) is None


def test_the_cloud_beside_the_data_keeps_their_correlations_out_of_the_verdict():
    rows = clouds()["flat"]
    alone = curves(rows, 0)
    assert max(point["value"] for point in alone["silhouette"]) > clustering.SILHOUETTE_FLOOR
    ceilings = {point["k"]: point["high"] for point in references(rows, 0)["one_cloud"]}
    assert all(point["low"] <= ceilings[point["k"]] for point in alone["silhouette"])


def test_shuffling_keeps_gaps_of_single_fields_and_breaks_what_fields_share():
    random = np.random.default_rng(0)
    apart = standardised(np.column_stack([random.integers(0, 2, 300), random.integers(0, 2, 300)]) + random.normal(
        0, 0.05, (300, 2)))  # fmt: skip
    together = standardised(np.repeat([[0.0, 0.0], [1.0, 1.0]], 150, axis=0) + random.normal(0, 0.05, (300, 2)))

    def at(points, k):
        return next(point["value"] for point in points if point["k"] == k)

    assert at(references(apart, 0)["shuffled"], 4) == pytest.approx(at(curves(apart, 0)["silhouette"], 4), abs=0.05)
    assert at(references(together, 0)["shuffled"], 2) < at(curves(together, 0)["silhouette"], 2) - 0.2


def a_point(k, value, low=None, high=None, **changes):
    found = {"k": k, "value": value, "low": low or value - 0.01, "high": high or value + 0.01}
    return found | {"smallest_share": 0.2, "weakest_group": 0.9, **changes}


@pytest.mark.parametrize(
    ("silhouette", "stability"),
    [
        (a_point(3, 0.24), a_point(3, 0.95)),
        (a_point(3, 0.40), a_point(3, 0.84)),
        (a_point(3, 0.40), a_point(3, 0.95, weakest_group=0.84)),
        (a_point(3, 0.40, smallest_share=0.01), a_point(3, 0.95)),
        (a_point(3, 0.40, low=0.15), a_point(3, 0.95)),
    ],
)
def test_each_part_of_the_rule_can_rule_a_number_out(silhouette, stability):
    found = {
        "silhouette": [a_point(2, 0.3), silhouette],
        "stability": [a_point(2, 0.9), stability],
        "one_cloud": [a_point(2, 0.1), a_point(3, 0.2)],
    }
    assert choose(found) == 2
    found |= {"silhouette": [a_point(2, 0.3), a_point(3, 0.3)], "stability": [a_point(2, 0.9), a_point(3, 0.9)]}
    assert choose(found) == 3


def test_the_stricter_rule_stays_within_an_error_of_the_best():
    found = {
        "silhouette": [a_point(2, 0.5, 0.48, 0.52), a_point(3, 0.495), a_point(4, 0.45)],
        "stability": [a_point(2, 0.9), a_point(3, 0.9), a_point(4, 0.9)],
    }
    assert one_standard_error_choice(found) == 3
    unstable = [a_point(k, 0.1) for k in (2, 3, 4)]
    assert one_standard_error_choice({**found, "stability": unstable}) is None


def test_the_features_whose_groups_are_found_again_best_are_chosen():
    rows = blobs(4)
    noise = clouds(len(rows))["normal"]
    features = {"a": rows[:, 0], "b": rows[:, 1], "c": rows[:, 2], "noise": noise[:, 0], "more": noise[:, 1]}
    best, tried = best_features(features, [("noise", "more"), ("a", "b", "c"), ("a", "noise")], 0)
    assert best == 1
    assert tried[1]["k"] == 4 and tried[1]["features"] == ["a", "b", "c"]
    assert tried[1]["silhouette"] == tried[1]["curves"]["silhouette"][2]["value"]


def test_two_runs_measure_the_same():
    rows = blobs(3)
    assert measured(rows, 5) == measured(rows, 5)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_groups_are_found_again_whatever_their_numbers(order):
    before = cluster(blobs(4), 4, 0).centroids
    pairs = match(before, before[list(order)])
    assert {old: order[new] for old, new in pairs.items()} == {0: 0, 1: 1, 2: 2, 3: 3}


def test_groups_of_a_refit_on_a_resample_are_found_again():
    rows = blobs(4)
    drawn = np.random.default_rng(1).integers(0, len(rows), len(rows))
    before, after = cluster(rows, 4, 0), cluster(rows[drawn], 4, 99)
    pairs = match(before.centroids, after.centroids)
    assert len(pairs) == 4
    for old, new in pairs.items():
        assert set(before.labels[drawn][after.labels == new]) == {old}


def test_a_group_that_is_elsewhere_is_not_the_one_of_before():
    before = np.array([[0.0, 0.0], [3.0, 3.0]])
    assert match(before, np.array([[0.1, 0.0], [9.0, 9.0]])) == {0: 0}
    assert match(before, np.array([[3.0, 3.2], [0.0, 0.0], [8.0, 8.0]])) == {0: 1, 1: 0}
