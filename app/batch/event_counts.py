"""What a job over events has counted: while it reads, and once more at its end, from what is stored."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.batch.validation import Problem

MOST_KINDS: Final = 200
"""Unknown kinds that are counted by name; each commit writes the counts anew."""
OTHER_KINDS: Final = "(others)"
"""What stands for the unknown kinds behind those; no kind is written like this."""


@dataclass(frozen=True)
class EventCounts:
    """What a job has counted so far; ``accepted + duplicates + rejected`` is every row it has read.

    Attributes
    ----------
    duplicates : int
        Events that were stored before, by this file or by any other way.
    rejections : Counter of (field, code, message)
        Problems found; a line with two problems is one rejected row and counts in both.
    unknown_kinds : Counter of str
        Events of kinds outside the vocabulary, the first ``MOST_KINDS`` kinds by name.
    identified : int or None
        Events of the file without a user whose user was found; None until the job has ended, since a later line, or
        a later chunk, may decide an earlier one either way.
    unidentified : Counter of str
        Events of the file whose user is not known, by the reason's code; empty until the job has ended.
    users : int or None
        Users that the file's events belong to; None until the job has ended.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    blank_lines: int = 0
    rejections: Counter[Problem] = field(default_factory=Counter)
    unknown_kinds: Counter[str] = field(default_factory=Counter)
    identified: int | None = None
    unidentified: Counter[str] = field(default_factory=Counter)
    users: int | None = None

    @property
    def rows(self) -> int:
        """Rows the job has read."""
        return self.accepted + self.duplicates + self.rejected

    def plus(
        self,
        *,
        accepted: int,
        duplicates: int,
        rejected: int,
        blank_lines: int,
        rejections: Counter[Problem],
        unknown_kinds: Counter[str],
    ) -> "EventCounts":
        """Add what became of a chunk; this one stays as it is."""
        return replace(
            self,
            accepted=self.accepted + accepted,
            duplicates=self.duplicates + duplicates,
            rejected=self.rejected + rejected,
            blank_lines=self.blank_lines + blank_lines,
            rejections=self.rejections + rejections,
            unknown_kinds=_bounded(self.unknown_kinds, unknown_kinds.items()),
        )

    def to_json(self) -> str:
        """Write for the ``counts`` column."""
        plain = {**vars(self), "rejections": [[*key, rows] for key, rows in self.rejections.items()]}
        return json.dumps(plain, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "EventCounts":
        """Read what ``to_json`` wrote.

        Examples
        --------
        >>> counts = EventCounts(accepted=2, rejections=Counter({Problem("ts", "missing", "Enter the time"): 1}))
        >>> EventCounts.from_json(counts.to_json()) == counts
        True
        """
        plain: dict[str, Any] = json.loads(text)
        rejections = {Problem(*key): rows for *key, rows in plain["rejections"]}
        counters = {name: Counter(plain[name]) for name in ("unknown_kinds", "unidentified")}
        return cls(**{**plain, **counters, "rejections": Counter(rejections)})


def _bounded(kinds: Counter[str], more: Iterable[tuple[str, int]]) -> Counter[str]:
    """Add counts of kinds; those that come when there are ``MOST_KINDS`` already are counted together."""
    counted = Counter(kinds)
    for kind, events in more:
        known = kind in counted or len(counted) < MOST_KINDS
        counted[kind if known else OTHER_KINDS] += events
    return counted
