"""How far a job is: its states, what it has counted, how fast it goes and when it will be done."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from app.batch.scoring import ScoredBlock
from app.batch.validation import Problem
from app.telecom.policy import TIERS

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
STATES: Final[tuple[State, ...]] = get_args(State)
UNFINISHED: Final[tuple[State, ...]] = ("queued", "running", "interrupted")
STABLE_SECONDS: Final = 2.0
"""Running time after which the speed so far says something about the time left."""
REJECTIONS_LISTED: Final = 50
KEPT: Final[Mapping[str, str]] = {
    "customers": "Customers scored until then are stored.",
    "events": "Events read until then are stored.",
}
"""What stays of a job that ends before its file, by its kind."""


@dataclass
class Counts:
    """What a job has counted so far; ``scored + rejected`` is every row it has read.

    Attributes
    ----------
    tiers : Counter of str
        Scored rows by tier.
    rejections : Counter of (field, code, message)
        Problems found; a row with two problems is one rejected row and counts in both.
    """

    scored: int = 0
    rejected: int = 0
    blank_lines: int = 0
    duplicates: int = 0
    without_id: int = 0
    with_warnings: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    rejections: Counter[Problem] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """Rows it has read."""
        return self.scored + self.rejected

    def plus(self, scored: ScoredBlock, duplicates: int) -> "Counts":
        """Add what became of a chunk; this one stays as it is."""
        return Counts(
            scored=self.scored + scored.scored,
            rejected=self.rejected + scored.rejected,
            blank_lines=self.blank_lines + scored.blank_lines,
            duplicates=self.duplicates + duplicates,
            without_id=self.without_id + scored.without_id,
            with_warnings=self.with_warnings + scored.with_warnings,
            tiers=self.tiers + scored.tiers,
            rejections=self.rejections + scored.rejections,
        )

    def to_json(self) -> str:
        """Write for the ``counts`` column."""
        plain = {**vars(self), "rejections": [[*key, rows] for key, rows in self.rejections.items()]}
        return json.dumps(plain, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Counts":
        """Read what ``to_json`` wrote.

        Examples
        --------
        >>> counts = Counts(scored=2, rejected=1)
        >>> counts.rejections[Problem("state", "missing", "Enter the state")] += 1
        >>> Counts.from_json(counts.to_json()) == counts
        True
        """
        plain: dict[str, Any] = json.loads(text)
        rejections = Counter(
            {Problem(name, code, message): rows for name, code, message, rows in plain.pop("rejections")}
        )
        return cls(**{**plain, "tiers": Counter(plain["tiers"]), "rejections": rejections})


def speed(rows: int, active_seconds: float) -> float | None:
    """Rows a second over the running time so far; None until it is stable."""
    return rows / active_seconds if rows and active_seconds >= STABLE_SECONDS else None


def seconds_left(rows: int, rows_known: int, active_seconds: float) -> int | None:
    """Whole seconds until every known row is read, at the speed so far; None until that is stable.

    Examples
    --------
    >>> seconds_left(1_000, 5_000, 4.0)
    16
    """
    pace = speed(rows, active_seconds)
    return None if pace is None else max(0, round((rows_known - rows) / pace))


def tier_counts(tiers: Mapping[str, int]) -> dict[str, int]:
    """Rows by tier, highest risk first, zero where there are none."""
    return {tier: tiers.get(tier, 0) for tier in reversed(TIERS)}
