"""`python -m training.usage_segments [PATH]`: what a table of usage without labels and dates can say, and what not.

It can be divided into groups that are found again, the groups can be described, and low usage can be marked. It cannot
say who will leave: nobody in it is known to have left, and nothing in it is later than anything else. So a classifier
of the low-usage rule is refused. With two windows of usage there is something to foresee; see ``training.usage_proxy``.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from app.events.leaks import LeakFound
from training.clustering import (
    CANDIDATES,
    COVERAGE,
    DECIMALS,
    SILHOUETTE_FLOOR,
    SMALLEST_SHARE,
    STABILITY_FLOOR,
    Point,
    choose,
    cluster,
    distances,
    group_similarity,
    mean_silhouette,
    references,
    single_threaded,
)
from training.datasets import file_digest
from training.usage_proxy import told, train_on_simulated_windows, train_usage_model

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Booleans = NDArray[np.bool_]
Usage = dict[str, Floats]

DEFAULT_PATH: Final = Path(__file__).resolve().parents[2] / "shared/data/telecom_usage_unlabelled/usage.csv"
TENURE: Final = "aon"
MINUTES: Final = "total_mou"
DATA: Final = "total_data_usage"
COLUMNS: Final = {
    TENURE: "days on the network",
    MINUTES: "minutes of use",
    DATA: "data usage, an index: the table adds up columns of different units",
}
REFITS: Final = 30
REFIT_ROWS: Final = 10_000
SILHOUETTE_SAMPLES: Final = 5
SILHOUETTE_ROWS: Final = 2_000
"""Silhouettes need the distance of every row to every other, so they are measured on samples."""
RULE: Final = (
    f"The largest number of groups from {CANDIDATES[0]} to {CANDIDATES[-1]} whose mean silhouette is at least "
    f"{SILHOUETTE_FLOOR} and lies above that of one cloud without groups, whose refits on {REFITS} samples of "
    f"{REFIT_ROWS:,} customers agree with it (adjusted Rand index) and with each of its groups (Jaccard similarity) by "
    f"{STABILITY_FLOOR} or more on average, and whose smallest group holds {SMALLEST_SHARE:.0%} of the customers or "
    "more. If there is none, nothing separates."
)
SIMULATED_CUSTOMERS: Final = 10_000
LOW_QUANTILE: Final = 0.25
LOW_RULE: Final = (
    f"Minutes and data usage both at or under the {LOW_QUANTILE:.0%} quantile of the table. It marks who uses little "
    "now; it is no label: it does not say that anybody left or will leave."
)
HARDLY: Final = 0.25
"""Share of customers with any data usage up to which a group hardly uses data."""
DAYS_A_YEAR: Final = 365.25


@dataclass(frozen=True)
class Table:
    """Usage that can be read, and how many rows could not.

    Attributes
    ----------
    usage : dict of str to ndarray, shape (n,)
        ``COLUMNS``, none negative.
    refused : int
        Rows with a cell that is missing, no number, infinite or negative.
    """

    usage: Usage
    refused: int


def load_usage(path: Path) -> Table:
    """Read a table of usage from a CSV file.

    Raises
    ------
    ValueError
        A column is missing, or no row can be read.
    """
    frame = pd.read_csv(path, dtype=str)
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise ValueError(f"the table has no column {' and no column '.join(missing)}")
    values = frame[list(COLUMNS)].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    with np.errstate(invalid="ignore"):
        readable = (np.isfinite(values) & (values >= 0)).all(axis=1)
    if not readable.any():
        raise ValueError("no row of the table can be read")
    usage = {name: values[readable, place] for place, name in enumerate(COLUMNS)}
    return Table(usage, int((~readable).sum()))


def scaled_logs(usage: Usage) -> Floats:
    """Take log(1 + x) of each column and scale it to mean 0 and deviation 1; shape (n, 3)."""
    logs = np.log1p(np.column_stack([usage[name] for name in COLUMNS]))
    deviation = logs.std(axis=0)
    scaled: Floats = (logs - logs.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return scaled


def segment(usage: Usage, seed: int) -> dict[str, Any]:
    """Divide customers into groups by k-means on scaled logarithms, their number by stability.

    Returns
    -------
    dict
        ``rule``, the ``curves`` it chose by, ``k`` (None: nothing separates) and the ``segments``, largest first.
    """
    scaled = scaled_logs(usage)
    with single_threaded():
        fits = {k: cluster(scaled, k, seed).labels for k in CANDIDATES}
        measured = measure(scaled, fits, seed)
    k = choose(measured)
    labels = fits[k] if k else np.zeros(len(scaled), dtype=np.intp)
    segments = [profile(usage, labels == number) for number in range(k or 1)]
    return {"rule": RULE, "curves": measured, "k": k, "segments": segments}


def measure(scaled: Floats, fits: Mapping[int, Integers], seed: int) -> dict[str, list[Point]]:
    """Measure what ``training.clustering.choose`` asks for, for a table that is too long for all its distances.

    Parameters
    ----------
    scaled : ndarray, shape (n, features)
    fits : mapping of int to ndarray, shape (n,)
        Groups of all rows, by their number.
    seed : int
        Of samples and refits.

    Returns
    -------
    dict
        ``silhouette``, ``stability`` and ``one_cloud``, points as ``training.clustering.curves`` gives them. Refits are
        on samples of ``REFIT_ROWS``, which asks more of the groups than refits on most of the rows would.
    """
    rng = np.random.default_rng(seed)
    apart = [
        (rows, distances(scaled[rows])) for rows in _samples(rng, len(scaled), SILHOUETTE_SAMPLES, SILHOUETTE_ROWS)
    ]
    refits = _samples(rng, len(scaled), REFITS, REFIT_ROWS)
    found: dict[str, list[Point]] = {
        "silhouette": [], "stability": [], "one_cloud": references(scaled[apart[0][0]], seed)["one_cloud"],
    }  # fmt: skip
    for k, labels in fits.items():
        widths = [mean_silhouette(between, labels[rows]) for rows, between in apart]
        smallest = float(np.bincount(labels, minlength=k).min() / len(scaled))
        found["silhouette"].append({**_point(k, widths), "smallest_share": round(smallest, DECIMALS)})
        again = [cluster(scaled[rows], k, seed + 1 + place).labels for place, rows in enumerate(refits)]
        agreed = [float(adjusted_rand_score(labels[rows], other)) for rows, other in zip(refits, again, strict=True)]
        alike = [group_similarity(labels[rows], other, k) for rows, other in zip(refits, again, strict=True)]
        weakest = round(float(np.mean(alike, axis=0).min()), DECIMALS)
        found["stability"].append({**_point(k, agreed), "weakest_group": weakest})
    return found


def _samples(rng: np.random.Generator, n: int, samples: int, rows: int) -> list[Integers]:
    return [rng.choice(n, min(rows, n), replace=False) for _ in range(samples)]


def _point(k: int, drawn: Sequence[float]) -> Point:
    low, high = np.quantile(drawn, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    numbers = (round(float(number), DECIMALS) for number in (np.mean(drawn), low, high))
    return {"k": k, **dict(zip(("value", "low", "high"), numbers, strict=True))}


def profile(usage: Usage, inside: Booleans) -> dict[str, Any]:
    """Describe a group by its size, medians and share with data, and in words beside everybody's terciles."""
    medians = {name: float(np.median(values[inside])) for name, values in usage.items()}
    with_data = usage[DATA] > 0
    share = float(with_data[inside].mean())
    tenure = _third(usage[TENURE], medians[TENURE], ("Newer customers", "Customers of middling standing",
                                                     "Long-standing customers"))  # fmt: skip
    minutes = _third(usage[MINUTES], medians[MINUTES], ("talk little", "talk as much as most", "talk a lot"))
    data = "hardly use data"
    if share > HARDLY:
        amount = float(np.median(usage[DATA][inside & with_data]))
        data = _third(usage[DATA][with_data], amount, ("use a little data", "use data", "use much data"))
    return {
        "customers": int(inside.sum()),
        "share": round(float(inside.mean()), 6),
        "medians": medians,
        "share_with_data": round(share, 6),
        "in_words": (
            f"{tenure} ({medians[TENURE] / DAYS_A_YEAR:.1f} years) who {minutes} ({medians[MINUTES]:,.0f} minutes) and "
            f"{data} ({share:.0%} use any)"
        ),
    }


def _third(everybody: Floats, value: float, words: tuple[str, str, str]) -> str:
    return words[int(np.searchsorted(np.quantile(everybody, [1 / 3, 2 / 3]), value, side="right"))]


def low_usage_cuts(usage: Usage) -> dict[str, float]:
    """Give the amounts up to which usage is low: the quantile of the table for minutes and for data."""
    return {name: float(np.quantile(usage[name], LOW_QUANTILE)) for name in (MINUTES, DATA)}


def low_usage(usage: Usage, cuts: Mapping[str, float]) -> Booleans:
    """Mark who uses little of both; shape (n,). A flag to look at, and no label.

    Examples
    --------
    >>> usage = {"total_mou": np.array([10.0, 10.0, 900.0]), "total_data_usage": np.array([0.0, 5.0, 0.0])}
    >>> low_usage(usage, {"total_mou": 100.0, "total_data_usage": 0.0}).tolist()
    [True, False, False]
    """
    marked: Booleans = np.logical_and.reduce([usage[name] <= cut for name, cut in cuts.items()])
    return marked


def train_low_usage_classifier(usage: Usage, seed: int) -> dict[str, Any]:
    """Try to train a classifier of the low-usage rule on the columns the rule reads: always refused.

    Raises
    ------
    LeakFound
        With the reason.
    """
    cuts = low_usage_cuts(usage)
    return train_usage_model(usage, low_usage(usage, cuts), LOW_RULE, cuts, seed)


def report(table: Table, seed: int) -> dict[str, Any]:
    """Segment, mark, refuse, and go the proxy path on simulated windows; the answer can be written as JSON."""
    cuts = low_usage_cuts(table.usage)
    marked = low_usage(table.usage, cuts)
    try:
        train_low_usage_classifier(table.usage, seed)
    except LeakFound as refused:
        reason = str(refused)
    return {
        "rows": len(marked),
        "refused_rows": table.refused,
        "columns": COLUMNS,
        "segmentation": segment(table.usage, seed),
        "low_usage": {"rule": LOW_RULE, "cuts": cuts, "customers": int(marked.sum()), "share": float(marked.mean())},
        "classifier_of_the_rule": {"trained": False, "reason": reason},
        "two_windows": train_on_simulated_windows(SIMULATED_CUSTOMERS, seed),
    }


def written(found: Mapping[str, Any]) -> str:
    """Write the report for a person."""
    parts, low = found["segmentation"], found["low_usage"]
    agreed = next((point for point in parts["curves"]["stability"] if point["k"] == parts["k"]), None)
    how = (
        f"refits agree by {agreed['value']:.2f}, the weakest group by {agreed['weakest_group']:.2f}" if agreed else RULE
    )
    lines = [
        f"{found['rows']:,} customers, {found['refused_rows']:,} rows refused; no label and no date",
        f"{parts['k'] or 'No'} groups ({how})",
        *(f"  {part['share']:6.1%}  {part['in_words']}" for part in parts["segments"]),
        f"Low usage is marked for {low['customers']:,} customers ({low['share']:.1%}). {low['rule']}",
        f"No classifier of that rule. {found['classifier_of_the_rule']['reason']}",
        *told(found["two_windows"]),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Print the report, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m training.usage_segments", description=__doc__)
    parser.add_argument("path", type=Path, nargs="?", default=DEFAULT_PATH, help="CSV file of usage")
    parser.add_argument("--out", type=Path, help="file for the report as JSON")
    parser.add_argument("--seed", type=int, default=0, help="of samples, starts and simulator (0)")
    options = parser.parse_args(arguments)
    source = {"file": options.path.name, "sha256": file_digest(options.path), "seed": options.seed}
    found = {**source, **report(load_usage(options.path), options.seed)}
    sys.stdout.write(written(found))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
