"""`python -m training.identity_report LOG`: how well users who are hidden come back, and why blanks stay blank.

It hides known users of a log in runs of 1 to 20 events and more and asks ``app.events.identity`` for them. Beside it
stand two simple rules: the known user nearest in time, and the one nearest in time of the same session id. The same is
done with the log's session ids folded together, so that several users share each, with events lost besides, and with
the simulator's log.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.events.columns import CODE_OF_KIND, NO_KEY, UNKNOWN_USER, Events
from app.events.identity import REASONS, recover
from app.performance.held_out import Figure, wilson
from training.event_logs import adapter_of, read_log
from training.event_simulator import simulate_log
from training.identity_masks import GAPS, Tally, count, fold_sessions, measure

SIMULATED_USERS: Final = 500
FOLDED_TO: Final = 100
"""Session ids that are left when the log's are folded."""
LOST_SHARE: Final = 0.1
"""Share of the folded log's events that are taken away in the last test."""
PRECISION_BAR: Final = 0.99
LOGGED_OUT: Final = (
    "Hidden users were logged in. They cannot say how often a blank of somebody who is logged out is given to the "
    "right user; the log itself says only who was known before and after such blanks."
)


@dataclass(frozen=True)
class Blanks:
    """A log's own events without a user, and what is known of its session ids.

    Attributes
    ----------
    events, blanks : int
        All events, and those without a user.
    reasons : list of dict
        For each reason that occurs among the blanks: ``reason``, ``sentence``, ``is_decided``, ``events`` and the
        ``gaps`` (runs of blanks) they lie in.
    sessions, shared, mixed, unknown : int
        Session ids; those with two known users or more; with known users and blanks; with blanks only.
    returns, same_returns : int
        Logouts after which, in the same unbroken sequence, blanks and then a known user follow; and how often it was
        the user who had logged out.
    """

    events: int
    blanks: int
    reasons: list[dict[str, Any]]
    sessions: int
    shared: int
    mixed: int
    unknown: int
    returns: int
    same_returns: int

    @property
    def decided(self) -> int:
        """Blanks that have a user now."""
        return sum(reason["events"] for reason in self.reasons if reason["is_decided"])

    @property
    def return_share(self) -> Figure:
        """How often it was the same user, with Wilson's 95 % interval."""
        return wilson(self.same_returns, self.returns)


def blanks_of(events: Events) -> Blanks:
    """Say what ``recover`` makes of a log's own blanks."""
    found, blank = recover(events), events.user == UNKNOWN_USER
    order = np.lexsort((events.item_in_session, events.ts, events.session))
    user, session = events.user[order], events.session[order]
    gap = np.empty(len(events), np.intp)
    gap[order] = np.cumsum((user != UNKNOWN_USER) | np.append(True, session[1:] != session[:-1]))
    reasons = []
    for code, reason in enumerate(REASONS):
        rows = blank & (found.reason == code)
        if rows.any():
            reasons.append({"reason": reason.name, "sentence": reason.sentence, "is_decided": reason.is_decided,
                            "events": int(rows.sum()), "gaps": len(np.unique(gap[rows]))})  # fmt: skip
    ids, place = np.unique(session[session != NO_KEY], return_inverse=True)
    users = user[session != NO_KEY]
    pairs = np.unique(np.stack([place, users]), axis=1)
    known = np.bincount(pairs[0, pairs[1] != UNKNOWN_USER], minlength=len(ids))
    has_blank = np.bincount(pairs[0, pairs[1] == UNKNOWN_USER], minlength=len(ids)) > 0
    sharing = int((known > 1).sum()), int(((known > 0) & has_blank).sum()), int((known == 0).sum())
    return Blanks(len(events), int(blank.sum()), reasons, len(ids), *sharing, *_returns(events.take(order)))


def _returns(events: Events) -> tuple[int, int]:
    """Count logouts with blanks and a known user after them, of events in order, and those of the same user."""
    known = np.flatnonzero(events.user != UNKNOWN_USER)
    left, right = known[:-1], known[1:]
    joined = (events.session[left] == events.session[right]) & (events.session[left] != NO_KEY)
    steps = np.append(0, np.cumsum((np.diff(events.session) != 0) | (np.diff(events.item_in_session) != 1)))
    unbroken = (
        joined & (steps[left] == steps[right]) & (right - left > 1) & (events.kind[left] == CODE_OF_KIND["logout"])
    )
    return int(unbroken.sum()), int((unbroken & (events.user[left] == events.user[right])).sum())


def report(events: Events, seed: int, simulated_users: int = SIMULATED_USERS) -> dict[str, Any]:
    """Measure everything; the answer can be written as JSON."""
    simulated = simulate_log(simulated_users, seed=seed)
    own = np.flatnonzero(simulated.events.user == UNKNOWN_USER)
    totals = count(simulated.identified(), own)
    blanks, folded = blanks_of(events), fold_sessions(events, FOLDED_TO)
    lossy = folded.take(np.random.default_rng(seed).random(len(folded)) >= LOST_SHARE)
    return {
        "bar": PRECISION_BAR,
        "log": {**asdict(blanks), "decided": blanks.decided, "return_share": blanks.return_share, "note": LOGGED_OUT},
        "hidden": {
            "log": _rows(measure(events, seed)),
            f"log, ids folded to {FOLDED_TO}": _rows(measure(folded, seed)),
            f"log, ids folded to {FOLDED_TO} and {LOST_SHARE:.0%} of the events lost": _rows(measure(lossy, seed)),
            f"simulator, {simulated_users} users": [
                *_rows(measure(simulated.identified(), seed)),
                _row(Tally("its own blanks", (1, len(own)), *totals)),
            ],
        },
    }  # fmt: skip


def _rows(tallies: Sequence[Tally]) -> list[dict[str, Any]]:
    """Rows for each kind of gap: its bands of lengths, and all of them together where there are several."""
    rows = []
    for gap in GAPS:
        bands = [tally for tally in tallies if tally.gap == gap]
        rows += [_row(tally) for tally in bands]
        if len(bands) > 1:
            sums = np.sum([[getattr(band, name) for name in COUNTS] for band in bands], axis=0).tolist()
            rows.append(_row(Tally(gap, (bands[0].lengths[0], bands[-1].lengths[1]), *sums)))
    return rows


COUNTS: Final = ("hidden", "decided", "right", "nearest_right", "session_decided", "session_right")
FIGURES: Final = ("precision", "coverage", "nearest_precision", "session_precision", "session_coverage")


def _row(tally: Tally) -> dict[str, Any]:
    return asdict(tally) | {name: getattr(tally, name) for name in FIGURES}


def written(found: dict[str, Any]) -> str:
    """Write the report for a person."""
    log = found["log"]
    lines = [
        f"{log['events']} events, {log['blanks']} without a user: {log['decided']} decided, "
        f"{log['blanks'] - log['decided']} left blank",
        *(f"  {reason['events']:6} in {reason['gaps']:4} gaps  {reason['reason']:22} {reason['sentence']}"
          for reason in log["reasons"]),
        f"{log['sessions']} session ids: {log['shared']} with two known users or more, {log['mixed']} with a known "
        f"user and blanks, {log['unknown']} with blanks only",
        f"Of {log['returns']} logouts followed by blanks and a known user, {log['same_returns']} were followed by "
        f"the same user (at least {log['return_share']['low']:.3f} at 95 %)",
        log["note"],
    ]  # fmt: skip
    for name, rows in found["hidden"].items():
        lines += ["", f"Hidden users of the {name}", HEAD]
        lines += [_line(row) for row in rows]
    return "\n".join(lines) + "\n"


HEAD: Final = (
    f"{'gap':18}{'length':>9}{'hidden':>9}{'coverage':>10}{'precision':>11}{'at least':>10}{'wrong':>7}"
    f"{'nearest':>10}{'same session':>14}{'(coverage)':>12}"
)


def _line(row: dict[str, Any]) -> str:
    least, most = row["lengths"]
    length = "any" if most > 20 else f"{least}" if least == most else f"{least} to {most}"
    told = row["decided"] > 0
    precision, low = (f"{row['precision'][side]:.4f}" if told else "none" for side in ("value", "low"))
    return (
        f"{row['gap']:18}{length:>9}{row['hidden']:>9}{row['coverage']['value']:>10.4f}{precision:>11}{low:>10}"
        f"{row['decided'] - row['right']:>7}{row['nearest_precision']['value']:>10.4f}"
        f"{row['session_precision']['value']:>14.4f}{row['session_coverage']['value']:>12.4f}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the report and write it as JSON where asked; returns 1 when a precision is below the bar."""
    parser = argparse.ArgumentParser(prog="python -m training.identity_report", description=__doc__)
    parser.add_argument("log", type=Path, help="a file of events, or a folder of them")
    parser.add_argument("--adapter", default="music", help="how to read it (music)")
    parser.add_argument("--mapping", type=Path, metavar="mapping.json", help="your own, instead of an adapter")
    parser.add_argument("--seed", type=int, default=0, help="of gaps and simulator (0)")
    parser.add_argument("--users", type=int, default=SIMULATED_USERS, help=f"simulated users ({SIMULATED_USERS})")
    parser.add_argument("--out", type=Path, help="file for the report as JSON")
    options = parser.parse_args(arguments)
    log = read_log(options.log, adapter_of(options.adapter, options.mapping))
    found = report(log.events, options.seed, options.users)
    sys.stdout.write(written(found))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(not is_precise(found))


def is_precise(found: dict[str, Any]) -> bool:
    """Say whether every kind of gap that was decided at all reaches the bar."""
    rows = [row for rows in found["hidden"].values() for row in rows]
    return all(row["precision"]["value"] >= found["bar"] for row in rows if row["decided"])


if __name__ == "__main__":
    sys.exit(main())
