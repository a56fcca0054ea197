"""Score a block of a file: the lines of its results and its errors, and the stored predictions, ready to be written."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.batch.answering import FIELD_SETS, Answers, Explain, Models, answer
from app.batch.blocks import Block
from app.batch.exports import BETWEEN_REASONS, as_bytes, errors_lines, own_lines
from app.batch.storing import stored_columns
from app.batch.validation import Problem, Read, read_columns
from app.telecom import policy
from app.telecom.scoring import Warned
from app.telecom.segmenter import Segmenter
from app.web.csv_cells import neutralise, write_lines

Write = Callable[[Block, Answers, Models], bytes]


@dataclass(frozen=True)
class Plan:
    """What to do with a file.

    Attributes
    ----------
    mapping : mapping of str to str
        For each field (wire name) the column that feeds it.
    is_stored : bool
        Whether the columns of ``predictions`` are wanted too.
    with_reasons : bool
        Whether the results say why, for rows above the lowest tier.
    with_segments : bool
        Whether the results have the columns of the segment, filled or empty.
    """

    mapping: Mapping[str, str]
    is_stored: bool = False
    with_reasons: bool = False
    with_segments: bool = True


@dataclass
class ScoredBlock:
    """What became of the rows of a block: every one is scored or rejected.

    Attributes
    ----------
    results, errors : bytes
        Lines of results.csv and errors.csv, UTF-8.
    scored, rejected, blank_lines, without_id, with_warnings : int
        Rows; a row without any value counts as a blank line.
    tiers : Counter of str
        Scored rows by tier.
    rejections : Counter of (field, code, message)
        Problems found; a row with two counts in both. The field is a wire name, or empty for the whole row.
    stored : dict of str to list
        What ``stored_columns`` gives, one entry a scored row; empty unless the plan asks for it.
    """

    results: bytes = b""
    errors: bytes = b""
    scored: int = 0
    rejected: int = 0
    blank_lines: int = 0
    without_id: int = 0
    with_warnings: int = 0
    tiers: Counter[str] = field(default_factory=Counter)
    rejections: Counter[Problem] = field(default_factory=Counter)
    stored: dict[str, list[Any]] = field(default_factory=dict)


def score_block(
    block: Block,
    plan: Plan,
    models: Models,
    write: Write | None = None,
    *,
    segmenter: Segmenter | None = None,
    explain: Explain | None = None,
) -> ScoredBlock:
    """Score the rows of a block that can be scored, and say of each other row why not.

    Parameters
    ----------
    block : Block
    plan : Plan
    models : mapping of str to ScoringModel
        For each field set the version that answers.
    write : callable, optional
        Writes the results; lines of results.csv, laid out as the plan says, by default.
    segmenter : Segmenter, optional
        Without one no row gets a segment.
    explain : callable, optional
        Gives the reasons; needed when the plan asks for them.

    Raises
    ------
    KeyError
        The plan names a column that the block has not, or no version answers for a field set.
    """
    n_rows = len(block.lines)
    scored = ScoredBlock(blank_lines=block.blank_lines)
    read = read_block_columns(block, plan.mapping)
    if n_rows > len(read.problems):
        answers = answer(read, n_rows, models, segmenter, explain if plan.with_reasons else None)
        scored.scored = len(answers.field_sets)
        write = write or partial(results_lines, with_segments=plan.with_segments)
        scored.results = write(block, answers, models)
        scored.tiers = Counter(policy.TIERS[place] for place in answers.scores.tier.tolist())
        scored.with_warnings = len(answers.warnings)
        scored.without_id = answers.customer_ids.count(None)
        if plan.is_stored:
            scored.stored = stored_columns(answers, models)
    if read.problems or block.broken:
        _reject(block, read, scored)
    return scored


def read_block_columns(block: Block, mapping: Mapping[str, str]) -> Read:
    """Read a block's values by the field that each column feeds."""
    places = {name: place for place, name in enumerate(block.columns)}
    return read_columns({alias: block.column(places[name]) for alias, name in mapping.items()}, len(block.lines))


def results_lines(block: Block, answers: Answers, models: Models, *, with_segments: bool = True) -> bytes:
    """Write the scored rows of a block as lines of results.csv."""
    scores = answers.scores
    tails = _tails(models)
    bands, confidences = scores.value_band.tolist(), scores.confidence.tolist()
    groups = _segment_cells(answers.personas) if with_segments else [""] * (len(answers.personas) + 1)
    rows = zip(
        own_lines(block, answers.is_scored),
        *(column.tolist() for column in (scores.churn_probability, scores.probability_low, scores.probability_high)),
        *(column.tolist() for column in (scores.clv_usd, scores.clv_low_usd, scores.clv_high_usd)),
        scores.value_at_risk_usd.tolist(),
        scores.tier.tolist(),
        zip(answers.field_sets, scores.tier.tolist(), bands, confidences, strict=True),
        answers.segments.tolist(),
        strict=True,
    )
    lines = [
        f"{own},{probability!r},{low!r},{high!r},{policy.TIERS[tier]},{clv!r},{clv_low!r},{clv_high!r},{risk!r},{tails[key]},{groups[segment]}"
        for own, probability, low, high, clv, clv_low, clv_high, risk, tier, key, segment in rows
    ]
    for row, found in answers.warnings.items():
        group = groups[answers.segments[row]]
        lines[row] = f"{lines[row].removesuffix(group)}{write_lines([[in_words(found)]])[0]}{group}"
    if answers.reasons is not None:
        cells = (write_lines([[neutralise(text)]])[0] if text else "" for text in answers.reasons)
        lines = [f"{line},{cell}" for line, cell in zip(lines, cells, strict=True)]
    return as_bytes(lines)


def in_words(found: Iterable[Warned]) -> str:
    """Say all warnings of a row in one cell."""
    return " ".join(warned.message for warned in found)


def _segment_cells(personas: Sequence[str]) -> list[str]:
    """Write the two cells of each segment behind no warning; the last ones, those of ``UNASSIGNED`` too, are empty."""
    cells = write_lines([str(place), neutralise(persona)] for place, persona in enumerate(personas))
    return [f",{each}" for each in (*cells, ",")]


def _tails(models: Models) -> dict[tuple[int, int, int, int], str]:
    """Write the words that end a line of results for every field set, tier, value band and confidence there is."""
    tails = {}
    for place, field_set in enumerate(FIELD_SETS):
        if field_set not in models:
            continue
        model = f"{models[field_set].name}/{models[field_set].version}"
        for tier, risk in enumerate(policy.TIERS):
            for band, value in enumerate(policy.VALUE_BANDS):
                action = policy.RECOMMENDATIONS[risk, value]
                for position, confidence in enumerate(policy.CONFIDENCES):
                    cells = [confidence, value, action.code, action.text, model]
                    tails[place, tier, band, position] = write_lines([cells])[0]
    return tails


def _reject(block: Block, read: Read, scored: ScoredBlock) -> None:
    """Write the rows that cannot be scored, and count why."""
    width = len(block.columns)
    refused = []
    for row, problems in read.problems.items():
        if not "".join(block.cells[row * width : (row + 1) * width]).strip():
            scored.blank_lines += 1
            continue
        refused.append((row, BETWEEN_REASONS.join(problem.message for problem in problems)))
        scored.rejections.update(problems)
    scored.rejections.update(Problem("", row.code, row.message) for row in block.broken)
    scored.rejected = len(refused) + len(block.broken)
    scored.errors = as_bytes(errors_lines(block, refused))
