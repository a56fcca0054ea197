"""K-means with the evidence for its number of groups: how well they part, and whether a refit finds them again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

CANDIDATES: Final = range(2, 9)
RESAMPLES: Final = 30
RESAMPLE_SHARE: Final = 0.8
REFERENCE_DRAWS: Final = 10
STARTS: Final = 10
COVERAGE: Final = 0.95
SILHOUETTE_FLOOR: Final = 0.25
"""Below it, "no substantial structure has been found" (Kaufman and Rousseeuw 1990, Finding Groups in Data, table 4)."""
STABILITY_FLOOR: Final = 0.85
"""Mean similarity from which a cluster counts as "highly stable" (Hennig 2007, Comput. Stat. Data Anal. 52): there of
single groups by Jaccard's index; asked of the whole by the adjusted Rand index, too."""
SMALLEST_SHARE: Final = 0.03
MATCH_WITHIN: Final = 0.75
"""Root mean square distance, in standard deviations a feature, up to which a segment is the one of before."""
DECIMALS: Final = 6
RULE: Final = (
    f"The largest number of groups from {CANDIDATES[0]} to {CANDIDATES[-1]} whose mean silhouette is at least "
    f"{SILHOUETTE_FLOOR}, whose silhouettes on resamples lie above those of one cloud without groups (normal, with the "
    f"same correlations), whose refits on {RESAMPLES} resamples of {RESAMPLE_SHARE:.0%} agree with it (adjusted Rand "
    f"index) and with each of its groups (Jaccard similarity) by {STABILITY_FLOOR} or more on average, and whose "
    f"smallest group holds {SMALLEST_SHARE:.0%} of the customers or more. If there is none, nothing separates."
)

Point = dict[str, float]


@dataclass(frozen=True)
class Clustering:
    """One k-means fit: centres, shape (k, features), in the order of their sizes, and each row's place among them."""

    centroids: Floats
    labels: Integers


def cluster(standardised: Floats, k: int, seed: int) -> Clustering:
    """Fit k-means to rows of shape (n, features); the largest group is number 0, ties in the order of the centres."""
    fitted = KMeans(k, n_init=STARTS, random_state=seed).fit(standardised)
    sizes = np.bincount(fitted.labels_, minlength=k)
    order = sorted(range(k), key=lambda place: (-sizes[place], *fitted.cluster_centers_[place].round(DECIMALS)))
    return Clustering(fitted.cluster_centers_[order], np.argsort(order)[fitted.labels_])


def distances(standardised: Floats) -> Floats:
    """Euclidean distance of every row to every other, shape (n, n)."""
    squares = (standardised**2).sum(axis=1)
    squared = squares[:, np.newaxis] + squares - 2 * standardised @ standardised.T
    np.fill_diagonal(squared, 0.0)
    apart: Floats = np.sqrt(np.maximum(squared, 0.0))
    return apart


def mean_silhouette(apart: Floats, labels: Integers, rows: Integers | None = None) -> float:
    """Mean silhouette width of labelled rows (Rousseeuw 1987, "Silhouettes").

    Parameters
    ----------
    apart : ndarray, shape (n, n)
        Distances between all rows.
    labels : ndarray, shape (m,)
        Group of each row of ``rows``.
    rows : ndarray, shape (m,), optional
        Which rows; all of them when not given.

    Returns
    -------
    float
        Between -1 and 1. A row that is alone in its group counts 0, and so does everything when there is one group.
    """
    rows = np.arange(len(apart)) if rows is None else rows
    k = int(labels.max()) + 1
    sizes = np.bincount(labels, minlength=k)
    if (sizes > 0).sum() < 2:
        return 0.0
    belongs = np.zeros((len(apart), k))
    belongs[rows, labels] = 1.0
    sums = (apart @ belongs)[rows]
    own = np.arange(len(rows)), labels
    inside = sums[own] / np.maximum(sizes[labels] - 1, 1)
    means = sums / np.maximum(sizes, 1)
    means[:, sizes == 0] = np.inf
    means[own] = np.inf
    outside = means.min(axis=1)
    larger = np.maximum(inside, outside)
    width = np.divide(outside - inside, larger, out=np.zeros(len(rows)), where=larger > 0)
    return float(np.where(sizes[labels] > 1, width, 0.0).mean())


def curves(standardised: Floats, seed: int) -> dict[str, list[Point]]:
    """Measure silhouette and stability at every number of groups.

    Parameters
    ----------
    standardised : ndarray, shape (n, features)
        Each column with mean 0 and deviation 1.
    seed : int
        Seed of starts and resamples.

    Returns
    -------
    dict
        ``silhouette`` and ``stability``: one point a number of groups with ``k``, ``value``, ``low`` and ``high``. The
        silhouette's value is that of the fit on all rows, its interval that of fits on resamples; stability is the mean
        adjusted Rand index between the two on the rows they share. Silhouette points have the ``smallest_share`` of a
        group too, stability points the similarity of the ``weakest_group``.
    """
    random = np.random.default_rng(seed)
    drawn = max(2, round(RESAMPLE_SHARE * len(standardised)))
    resamples = [random.choice(len(standardised), drawn, replace=False) for _ in range(RESAMPLES)]
    apart = distances(standardised)
    found: dict[str, list[Point]] = {"silhouette": [], "stability": []}
    for k in CANDIDATES:
        whole = cluster(standardised, k, seed)
        again = [cluster(standardised[rows], k, seed + 1 + place).labels for place, rows in enumerate(resamples)]
        widths = [mean_silhouette(apart, labels, rows) for rows, labels in zip(resamples, again, strict=True)]
        agreed = [
            adjusted_rand_score(whole.labels[rows], labels) for rows, labels in zip(resamples, again, strict=True)
        ]
        smallest = float(np.bincount(whole.labels, minlength=k).min() / len(standardised))
        width = _point(k, mean_silhouette(apart, whole.labels), widths)
        found["silhouette"].append({**width, "smallest_share": round(smallest, DECIMALS)})
        alike = [group_similarity(whole.labels[rows], labels, k) for rows, labels in zip(resamples, again, strict=True)]
        weakest = round(float(np.mean(alike, axis=0).min()), DECIMALS)
        found["stability"].append({**_point(k, float(np.mean(agreed)), agreed), "weakest_group": weakest})
    return found


def group_similarity(labels: Integers, again: Integers, k: int) -> Floats:
    """Jaccard similarity of each of ``k`` groups to the most similar one of a refit on the same rows (Hennig 2007).

    Examples
    --------
    >>> group_similarity(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 1]), 2).round(2).tolist()
    [0.67, 0.5]
    """
    both = np.bincount(labels * k + again, minlength=k * k).reshape(k, k)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0) - both
    similarity: Floats = (both / np.maximum(either, 1)).max(axis=1)
    return similarity


def references(standardised: Floats, seed: int) -> dict[str, list[Point]]:
    """Measure the silhouettes of data without groups, and of data whose columns know nothing of each other.

    Returns
    -------
    dict
        ``one_cloud``: rows of a normal distribution with the data's correlations. ``shuffled``: the data with every
        column shuffled on its own, which keeps the gaps of single columns and breaks all that columns have in common.
        Points as ``curves`` gives them, over ``REFERENCE_DRAWS`` draws.
    """
    random = np.random.default_rng(seed)
    widths: dict[str, dict[int, list[float]]] = {
        name: {k: [] for k in CANDIDATES} for name in ("one_cloud", "shuffled")
    }
    covariance = np.atleast_2d(np.cov(standardised.T))
    for _ in range(REFERENCE_DRAWS):
        cloud = random.multivariate_normal(np.zeros(len(covariance)), covariance, len(standardised))
        shuffled = np.column_stack([random.permutation(column) for column in standardised.T])
        for name, rows in (("one_cloud", cloud), ("shuffled", shuffled)):
            apart = distances(rows)
            for k in CANDIDATES:
                widths[name][k].append(mean_silhouette(apart, cluster(rows, k, seed).labels))
    return {
        name: [_point(k, float(np.mean(drawn)), drawn) for k, drawn in by_k.items()] for name, by_k in widths.items()
    }


def _point(k: int, value: float, drawn: Sequence[float]) -> Point:
    low, high = np.quantile(drawn, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2]).tolist()
    return {"k": k, "value": round(value, DECIMALS), "low": round(low, DECIMALS), "high": round(high, DECIMALS)}


def choose(measured: Mapping[str, Sequence[Point]]) -> int | None:
    """Choose the number of groups by ``RULE``; None when nothing separates.

    ``measured`` holds the points of ``curves`` and, where they were measured, those of ``one_cloud``.
    """
    ceilings = {point["k"]: point["high"] for point in measured.get("one_cloud", ())}
    kept = [
        int(width["k"])
        for width, agreed in zip(measured["silhouette"], measured["stability"], strict=True)
        if width["value"] >= SILHOUETTE_FLOOR
        and width["low"] > ceilings.get(width["k"], -1.0)
        and _is_stable(agreed)
        and width["smallest_share"] >= SMALLEST_SHARE
    ]
    return max(kept, default=None)


def _is_stable(agreed: Point) -> bool:
    return agreed["value"] >= STABILITY_FLOOR and agreed["weakest_group"] >= STABILITY_FLOOR


def one_standard_error_choice(measured: Mapping[str, Sequence[Point]]) -> int | None:
    """Say what the stricter rule would choose: the most stable groups within an error of the best silhouette.

    An interval over resamples is taken for four standard errors wide.
    """
    stable = [
        width for width, agreed in zip(measured["silhouette"], measured["stability"], strict=True) if _is_stable(agreed)
    ]
    if not stable:
        return None
    best = max(stable, key=lambda width: width["value"])
    error = (best["high"] - best["low"]) / 4
    return int(max(width["k"] for width in stable if width["value"] >= best["value"] - error))


def best_features(
    standardised: Mapping[str, Floats], candidates: Sequence[Sequence[str]], seed: int
) -> tuple[int, list[dict[str, Any]]]:
    """Find the features whose groups are found again best.

    Parameters
    ----------
    standardised : mapping of str to ndarray, shape (n,)
        Every feature.
    candidates : sequence of sequences of str
        Sets of features, declared beforehand.

    Returns
    -------
    best : int
        Place of the set whose chosen groups are the most stable, the first of two; the first set when none bears a
        group.
    tried : list of dict
        For each set its ``features``, the chosen ``k`` (None: nothing separates) with its ``silhouette`` and
        ``stability``, and the curves behind them under ``curves``.
    """
    tried: list[dict[str, Any]] = []
    for names in candidates:
        measured = curves(np.column_stack([standardised[name] for name in names]), seed)
        k = choose(measured)
        at = {
            name: next((point["value"] for point in points if point["k"] == k), None)
            for name, points in measured.items()
        }
        tried.append({"features": list(names), "k": k, **at, "curves": measured})
    best = max(range(len(tried)), key=lambda place: (tried[place]["stability"] or 0.0, -place))
    return best, tried


def match(before: Floats, after: Floats) -> dict[int, int]:
    """Find which groups of a refit are the groups of before.

    Parameters
    ----------
    before, after : ndarray, shape (groups, features)
        Means of the groups in the same standardised units.

    Returns
    -------
    dict of int to int
        Group of before to group of after, each used once: the pairing with the smallest sum of distances (Kuhn 1955,
        "The Hungarian method"), without pairs more than ``MATCH_WITHIN`` apart.
    """
    apart = np.sqrt(((before[:, np.newaxis, :] - after[np.newaxis, :, :]) ** 2).mean(axis=2))
    pairs = zip(*linear_sum_assignment(apart), strict=True)
    return {int(old): int(new) for old, new in pairs if apart[old, new] <= MATCH_WITHIN}


def single_threaded() -> threadpool_limits:
    """Hold the libraries to one thread: several add up in no fixed order, and two runs would differ in last digits."""
    return threadpool_limits(limits=1)
