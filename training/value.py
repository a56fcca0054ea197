"""`python -m training.value`: fit what users of a purchase log are worth, judge it on a later stretch, and seal it.

Without a log it is fitted to the simulator's purchases, and the sealed version says so.
"""

import argparse
import importlib.metadata
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.events.columns import CODE_OF_KIND, DAY_US, UNKNOWN_USER, Events, Micros
from app.events.identity import recover
from app.events.purchases import PurchaseSummary, purchase_summary
from app.events.value import CARD_SCHEMA, HORIZONS_DAYS, MODEL_NAME, golden_answers
from training.event_logs import adapter_of, read_log
from training.event_simulator import START, simulate_log
from training.largest_likelihood import FitRefused, Fitted
from training.sealing import point_champion, write_version
from training.value_holdout import fitted_model, hold_out
from training.value_report import report

ROOT = Path(__file__).resolve().parent.parent
SIMULATED_USERS: Final = 4_000
SIMULATED_DAYS: Final = 540
SIMULATED_START: Final[Micros] = START - 78 * 7 * DAY_US
"""A Monday a year and a half before the simulator's own first day, so that no purchase lies in the future."""
ANY_CURRENCY: Final = "in the log's currency"
HORIZONS: Final = (90, 180)
"""Days ahead that are judged, as far as the log reaches."""
LIBRARIES: Final = ("numpy", "scipy")
LIMITS: Final = (
    "Purchases on one day (UTC) count as one. A refund is taken off the latest purchase before it.",
    "There are no seasons in the model: before a quiet time of the year it expects too much, before a busy one too "
    "little.",
    "A user of before the log began is taken for one who began with it.",
    "How often users buy and what they spend are taken to be independent; the correlation stands beside the "
    "parameters.",
    "Silence is all that tells of leaving: nobody is believed to stop but after a repeat purchase. Only a cancellation "
    "in the log is certain, and nothing is expected after it.",
)
_GOLDEN_ROWS: Final[Mapping[str, list[float]]] = {
    "frequency": [0, 0, 1, 3, 12, 60],
    "recency_days": [0, 0, 20, 100, 300, 700],
    "age_days": [1, 400, 90, 120, 310, 710],
    "spend_days": [0, 0, 1, 3, 0, 60],
    "mean_spend": [0, 0, 8, 20.5, 0, 0],
}


@dataclass(frozen=True)
class PurchaseLog:
    """A log to fit to: its events, what its money is, and where it came from in the card's words."""

    events: Events
    currency: str
    told: str
    data: Mapping[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Fit, judge, seal and report; returns the process's exit code."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    try:
        log = _read(options)
        if not len(log.events):
            raise FitRefused("the log holds no event")
        end = (int(log.events.ts.max()) // DAY_US + 1) * DAY_US
        as_of = _date(options.calibrate_to) if options.calibrate_to else _two_thirds(log.events, end)
        card = train_value(options.version or _next_version(options.models_dir), log, end, as_of, options.horizons)
    except (ValueError, OSError) as refused:
        sys.stderr.write(f"nothing is sealed: {refused}\n")
        return 1
    sys.stdout.write(report(card))
    if not options.report_only:
        folder = write_version(options.models_dir, card, {})
        point_champion(options.models_dir, MODEL_NAME, card["version"])
        sys.stdout.write(f"sealed {folder}\n")
    sys.stdout.write(f"done in {time.monotonic() - started:.0f} s\n")
    return 0


def train_value(
    version: str, log: PurchaseLog, end: Micros, calibrate_to: Micros, horizons: Sequence[int] = HORIZONS, seed: int = 0
) -> dict[str, Any]:
    """Fit to the whole log, judge a fit to its first part, and write the card.

    Parameters
    ----------
    version : str
        Name of the new version.
    log : PurchaseLog
        Purchases of known users.
    end, calibrate_to : int, microseconds since 1970-01-01 UTC
        Where the log ends, and the date up to which the fit that is judged may look.
    horizons : sequence of int
        Days after that date that are judged; those the log does not reach are left out.
    seed : int
        Of the resamples behind the intervals.

    Raises
    ------
    FitRefused
        The purchases do not say enough.
    """
    begin = int(log.events.ts.min()) // DAY_US * DAY_US
    known = [days for days in horizons if begin <= calibrate_to - days * DAY_US and calibrate_to + days * DAY_US <= end]
    summary = purchase_summary(log.events, end)
    model, buying, spending = fitted_model(summary, version, log.currency, log.told)
    rows = {name: list(values) for name, values in _GOLDEN_ROWS.items()}
    holdout = hold_out(log.events, calibrate_to, known, seed) if known else None
    purchases = log.events.kind == CODE_OF_KIND["purchase"]
    return {
        "schema": CARD_SCHEMA,
        "kind": "value",
        "name": MODEL_NAME,
        "version": version,
        "seed": seed,
        "trained_on": log.told,
        "data": {
            **log.data,
            "from": _day(begin),
            "to": _day(end - DAY_US),
            "purchases": int(purchases.sum()),
            "of_nobody": int((purchases & (log.events.user == UNKNOWN_USER)).sum()),
            "refunds": int((log.events.kind == CODE_OF_KIND["refund"]).sum()),
            "customers": int(summary.has_bought.sum()),
            "repeaters": int((summary.frequency > 0).sum()),
        },
        "currency": log.currency,
        "horizons_days": list(HORIZONS_DAYS),
        "buying": {"model": "BG/NBD", **_fitted(buying)},
        "spending": {
            "model": "Gamma-Gamma",
            **_fitted(spending),
            "typical_spend": round(model.typical_spend, 4),
            "correlation_with_frequency": _correlation(summary),
        },
        "reported": _reported(holdout) if holdout else {},
        "holdout": holdout,
        "golden": {"rows": rows, **golden_answers(model, rows)},
        "limits": list(LIMITS),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def _reported(holdout: Mapping[str, Any]) -> dict[str, Any]:
    """Give the first figures on days the judged fit had not seen, by name: errors of the medians, and both totals."""
    told: dict[str, Any] = {"rows": holdout["customers"]}
    for horizon in holdout["horizons"]:
        purchases, days = horizon["purchases"], horizon["days"]
        told |= {
            f"purchases_mae_{days}_days": purchases["mae"]["median"],
            f"purchases_mae_minus_last_period_{days}_days": purchases["mae_minus_rival"]["median"],
            f"purchases_expected_total_{days}_days": purchases["total"]["expected"],
            f"purchases_actual_total_{days}_days": purchases["total"]["actual"],
        }
    return told


def _fitted(fitted: Fitted) -> dict[str, Any]:
    return {
        "parameters": fitted.values,
        "intervals": {
            name: None if bounds is None else [float(f"{bound:.6g}") for bound in bounds]
            for name, bounds in fitted.intervals.items()
        },
        "at_limit": list(fitted.at_limit),
        "log_likelihood": round(fitted.log_likelihood, 3),
        "customers": fitted.customers,
        "distinct": fitted.distinct,
    }


def _correlation(summary: PurchaseSummary) -> float:
    """Correlate how often and how much among those whose repeat days brought money."""
    chosen = (summary.spend_days > 0) & (summary.mean_spend > 0)
    return round(float(np.corrcoef(summary.frequency[chosen], np.log(summary.mean_spend[chosen]))[0, 1]), 4)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.value", description=__doc__)
    parser.add_argument("--log", type=Path, help="a log with purchases; the default is the simulator's")
    parser.add_argument("--adapter", default="canonical", help="how the log writes its events down")
    parser.add_argument("--mapping", type=Path, metavar="mapping.json", help="your own, instead of an adapter")
    parser.add_argument("--currency", default=ANY_CURRENCY, help="what the log's money is counted in, as GBP")
    parser.add_argument("--calibrate-to", metavar="YYYY-MM-DD",
                        help="how far the fit that is judged may look; two thirds of the log by default")  # fmt: skip
    parser.add_argument("--horizons", type=int, nargs="+", default=list(HORIZONS), metavar="DAYS",
                        help="days after that date that are judged")  # fmt: skip
    parser.add_argument("--users", type=int, default=SIMULATED_USERS, help="users to simulate")
    parser.add_argument("--days", type=int, default=SIMULATED_DAYS, help="days to simulate")
    parser.add_argument("--seed", type=int, default=0, help="seed of the simulator and of the resamples")
    parser.add_argument("--models-dir", type=Path, default=ROOT / "models", help="where versions are sealed")
    parser.add_argument("--version", help="name of the new version; the default is the next whole number")
    parser.add_argument("--report-only", action="store_true", help="print the tables and seal nothing")
    return parser


def _read(options: argparse.Namespace) -> PurchaseLog:
    if options.log is None:
        return simulated_purchases(options.users, options.days, options.seed)
    read, name = read_log(options.log, adapter_of(options.adapter, options.mapping)), options.log.name
    adapter = "own mapping" if options.mapping else options.adapter
    data = {"file": name, "sha256": read.sha256, "adapter": adapter, "rejected": len(read.problems)}
    return PurchaseLog(_with_owners(read.events), options.currency, f"Fitted to the purchases in {name}.", data)


def simulated_purchases(users: int, days: int, seed: int) -> PurchaseLog:
    """Simulate a subscription service's log and say that it is no real one."""
    events = _with_owners(simulate_log(users, days, seed, start=SIMULATED_START).events)
    told = "Fitted to simulated purchases: fit it to your own log before its amounts count."
    return PurchaseLog(events, ANY_CURRENCY, told, {"simulated_users": users, "days": days, "seed": seed})


def _with_owners(events: Events) -> Events:
    """Give the events to the users that identity finds, as the service does."""
    return events.with_users(recover(events).user)


def _two_thirds(events: Events, end: Micros) -> Micros:
    begin = int(events.ts.min()) // DAY_US
    return (begin + 2 * (end // DAY_US - begin) // 3) * DAY_US


def _date(text: str) -> Micros:
    return int(np.datetime64(text, "D").astype("datetime64[us]").astype(np.int64))


def _day(moment: Micros) -> str:
    return str(np.datetime64(moment, "us").astype("datetime64[D]"))


def _next_version(models_dir: Path) -> str:
    taken = [int(folder.name) for folder in models_dir.glob(f"{MODEL_NAME}/*") if folder.name.isdecimal()]
    return str(max(taken, default=0) + 1)


if __name__ == "__main__":
    sys.exit(main())
