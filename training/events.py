"""`python -m training.events`: train the two event models, from a simulated log or from your own, and seal them."""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.events.columns import DAY_US, Events, Micros
from app.events.feature_table import Windows
from app.events.identity import recover
from app.events.labels import LABEL_KINDS, USUAL_SHARE
from app.events.scoring import CHURN, SUMMARY
from training.event_card import day_text
from training.event_grid import Floats, Question, Rows, check_grid, grid_dates, rows_at
from training.event_logs import adapter_of, read_log
from training.event_simulator import START, churn_probability, simulate_log
from training.event_training import Material, Trained, report, train_churn, train_summary
from training.fitting import use_all_cores
from training.sealing import keep_pipeline, point_champion, write_version

ROOT = Path(__file__).resolve().parent.parent
HORIZON_DAYS: Final = 30
STEP_DAYS: Final = 30
SIMULATED_USERS: Final = 20_000
SIMULATED_STEP_DAYS: Final = 30
TRAINING_DAYS: Final = 180
FRESH_DAYS: Final = 240
CHANCE_AUC: Final = 0.5
NO_SIGNAL: Final = "No usable signal: the AUC on later dates may be that of chance. The version does not serve."


def main(arguments: list[str] | None = None) -> int:
    """Train, seal and report; returns the process's exit code."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    try:
        _train_both(options)
    except (ValueError, OSError) as refused:
        sys.stderr.write(f"refused: {refused}\n")
        return 1
    sys.stdout.write(f"done in {time.monotonic() - started:.0f} s\n")
    return 0


def has_signal(card: Mapping[str, Any]) -> bool:
    """Say whether a card's model ranks the users it was reported on better than chance would, at the interval's end."""
    return bool(card["reported"]["churn"]["roc_auc"]["low"] > CHANCE_AUC)


def _train_both(options: argparse.Namespace) -> None:
    """Train, seal and report; a version without a signal is sealed to be looked at, and does not serve."""
    material = material_of(options)
    for name, train in ((CHURN, train_churn), (SUMMARY, train_summary)):
        trained: Trained = train(material, options.version or next_version(options.models_dir, name), options.seed)
        told = "not sealed"
        if not options.report_only:
            told = f"sealed {write_version(options.models_dir, trained.card, trained.files)}"
            if has_signal(trained.card):
                point_champion(options.models_dir, name, trained.card["version"])
            else:
                told += f"\n  {NO_SIGNAL}"
        if options.pipelines:
            keep_pipeline(options.pipelines / name / trained.card["version"], {"churn": trained.pipeline})
        sys.stdout.write(f"{name}: {told}\n{report(trained)}")


def material_of(options: argparse.Namespace) -> Material:
    """Read or simulate the log the options name, and compute its rows."""
    question = Question(
        windows=Windows(options.observation_days, options.recent_days),
        horizon_days=options.horizon_days,
        lead_days=options.lead_days,
        label=options.label,
        usual_share=options.usual_share,
        seasons=options.seasons,
    )
    if options.log is None:
        return simulated_material(question, options.users, options.seed)
    log = read_log(options.log, adapter_of(options.adapter, options.mapping))
    source = {
        "file": options.log.name,
        "sha256": log.sha256,
        "adapter": "own mapping" if options.mapping else options.adapter,
        "events": len(log.events),
        "rejected_lines": len(log.problems),
        "unknown_kinds": dict(log.unknown_kinds),
    }
    dates = [_micros(day) for day in options.as_of]
    return log_material(log.events, question, source, dates, _micros(options.test_as_of), options.step_days)


def log_material(
    events: Events, question: Question, source: dict[str, Any], dates: Sequence[Micros] = (),
    test: Micros | None = None, step_days: int = STEP_DAYS,
) -> Material:  # fmt: skip
    """Compute the rows of a log: training dates, and a later date to report on.

    Blank users are recovered first, as the service does. Dates that are not given are chosen by ``grid_dates``.

    Raises
    ------
    LeakFound
        The dates overlap, or a feature sees past its date.
    LogTooShort, ValueError
        The log does not reach as far as the labels do, or no dates fit into it.
    """
    events = events.with_users(recover(events).user)
    if not dates or test is None:
        chosen, last = grid_dates(events, question, step_days)
        test = last if test is None else test
        dates = dates or [as_of for as_of in chosen if as_of + question.label_days * DAY_US <= test]
    check_grid(events, dates, [test], question)
    return Material(rows_at(events, dates, question), rows_at(events, [test], question), question, source)


def simulated_material(question: Question, users: int, seed: int) -> Material:
    """Simulate a log to train on and, with the next seed, a longer one of other users to report on.

    Training dates stop where their labels are complete on the first of the dates reported on. Both logs have blank
    users, which are recovered first.
    """
    log = simulate_log(users, TRAINING_DAYS, seed)
    first = START + question.windows.observation_days * DAY_US
    step, label = SIMULATED_STEP_DAYS * DAY_US, question.label_days * DAY_US
    dates = list(range(log.end - label, first - 1, -step))[::-1]
    events = log.events.with_users(recover(log.events).user)
    held_out, oracle, fresh_events = fresh_rows(question, users // 2, seed + 1)
    check_grid(events, dates, sorted({int(as_of) for as_of in held_out.as_of}), question)
    source = {
        "simulator": "training.event_simulator",
        "seed": seed,
        "users": users,
        "days": TRAINING_DAYS,
        "events": len(events),
        "reported_on": {"seed": seed + 1, "users": users // 2, "days": FRESH_DAYS, "events": fresh_events},
        "first_day": day_text(log.start),
    }
    return Material(rows_at(events, dates, question), held_out, question, source, oracle)


def fresh_rows(question: Question, users: int, seed: int) -> tuple[Rows, Floats, int]:
    """Simulate users nobody was trained on, from the day the training log ends.

    Returns
    -------
    rows : Rows
        Of each date whose label is complete, ``SIMULATED_STEP_DAYS`` apart.
    oracle : ndarray, shape (len(rows),)
        Probability of leaving within the horizon, 0-1, that the process itself gives each row.
    events : int
        Length of the log.
    """
    fresh = simulate_log(users, FRESH_DAYS, seed)
    begin, label = START + TRAINING_DAYS * DAY_US, question.label_days * DAY_US
    tests = list(range(begin, fresh.end - label + 1, SIMULATED_STEP_DAYS * DAY_US))
    known = fresh.events.with_users(recover(fresh.events).user)
    others = replace(known, user_ids=tuple(f"fresh-{user_id}" for user_id in known.user_ids))
    held_out = rows_at(others, tests, question)
    oracle = np.empty(len(held_out))
    place = {user_id: code for code, user_id in enumerate(others.user_ids)}
    for as_of in tests:
        inside = held_out.as_of == as_of
        own = churn_probability(fresh, as_of + question.lead_days * DAY_US, question.horizon_days)
        oracle[inside] = own[[place[str(user_id)] for user_id in held_out.user[inside]]]
    return held_out, oracle, len(others)


def next_version(models_dir: Path, name: str) -> str:
    """Name the version after the last one of a model: "1" for the first."""
    taken = [int(folder.name) for folder in (models_dir / name).glob("*") if folder.name.isdecimal()]
    return str(max(taken, default=0) + 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.events", description=__doc__)
    parser.add_argument("--log", type=Path, help="file or folder of events; the default is a simulated log")
    parser.add_argument("--adapter", default="canonical", help="how the log is read: music, retail_invoices, ...")
    parser.add_argument("--mapping", type=Path, metavar="mapping.json", help="your own, instead of an adapter")
    parser.add_argument("--label", choices=LABEL_KINDS, default="explicit", help="what leaving means")
    parser.add_argument("--horizon-days", type=int, default=HORIZON_DAYS, help="days in which leaving is looked for")
    parser.add_argument("--lead-days", type=int, default=0, help="days left to act before they begin")
    parser.add_argument("--observation-days", type=int, default=Windows().observation_days, help="days features see")
    parser.add_argument("--recent-days", type=int, default=Windows().recent_days, help="their recent part")
    parser.add_argument("--usual-share", type=float, default=USUAL_SHARE, help="proxy: left below this share of usual")
    parser.add_argument("--seasons", action=argparse.BooleanOptionalAction, default=True,
                        help="take the year to repeat, where the training dates span most of one")  # fmt: skip
    parser.add_argument("--as-of", nargs="*", default=[], metavar="YYYY-MM-DD", help="training dates (UTC)")
    parser.add_argument("--test-as-of", metavar="YYYY-MM-DD", help="later date to report on")
    parser.add_argument("--step-days", type=int, default=STEP_DAYS, help="days between training dates not given")
    parser.add_argument("--users", type=int, default=SIMULATED_USERS, help="users of a simulated log")
    parser.add_argument("--models-dir", type=Path, default=ROOT / "models", help="where versions are sealed")
    parser.add_argument("--version", help="name of the new versions; the default is the next whole number")
    parser.add_argument("--report-only", action="store_true", help="print the figures and seal nothing")
    parser.add_argument("--pipelines", type=Path, help="also keep the fitted pipelines here, for a notebook")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    return parser


def _micros(day: str | None) -> Any:
    return None if day is None else int(np.datetime64(day, "us").astype(np.int64))


if __name__ == "__main__":
    use_all_cores()
    sys.exit(main())
