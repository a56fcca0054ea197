"""Score a file into a file, without a database: this process reads and writes, others score."""

import os
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn, Protocol

from app.batch.blocks import Block, Piece, read_block, read_blocks, read_pieces
from app.batch.detection import HEAD_BYTES, NotCsv, detect
from app.batch.exports import errors_header, results_header
from app.batch.file_plan import PARQUET, FileRefused, Request, plan_for, read_mapping
from app.batch.scoring import Plan, ScoredBlock, Write, results_lines, score_block
from app.batch.validation import Problem
from app.batch.waiting import result_of
from app.errors import SealBroken

SMALL_BYTES: Final = 4 * 1024 * 1024
"""Up to this size scoring in this process is done before another one has started."""
SMALL_EXPLAINED_BYTES: Final = 256 * 1024
SAMPLE_ROWS: Final = 200
EXIT_REFUSED: Final = 2
LOST_PROCESS: Final = "A process that scored has ended unexpectedly, perhaps for lack of memory."
PIECE_BYTES: Final = 384 * 1024
_AHEAD: Final = 2
_at_work: dict[str, Any] = {}

Report = Callable[[int, int, str, int], None]
"""Hears how far it is: the place, out of how many, of what unit, and how many rows are done."""
Scored = tuple[ScoredBlock, str]
"""A part's rows, and why the process that scored them did without segments; empty when it did not."""


@dataclass
class Outcome:
    """What became of a file; rows in = scored + rejected. ``spared`` says why nobody got a segment, if it was so."""

    scored: int = 0
    rejected: int = 0
    blank_lines: int = 0
    with_warnings: int = 0
    seconds: float = 0.0
    spared: str = ""
    tiers: Counter[str] = field(default_factory=Counter)
    rejections: Counter[Problem] = field(default_factory=Counter)

    def add(self, block: ScoredBlock) -> None:
        """Count a block's rows."""
        self.scored += block.scored
        self.rejected += block.rejected
        self.blank_lines += block.blank_lines
        self.with_warnings += block.with_warnings
        self.tiers.update(block.tiers)
        self.rejections.update(block.rejections)


class Source(Protocol):
    """An open file of rows; ``read`` makes a block of a part in whatever process it is called."""

    columns: tuple[str, ...]
    size: int
    unit: str
    read: Callable[[Any], Block]

    def first_rows(self) -> list[tuple[str, ...]]:
        """Some rows, for what only the content tells."""

    def parts(self) -> Iterator[tuple[Any, int]]:
        """The file in parts that another process can take, each with the place where it ends."""


class Target(Protocol):
    """An open file for results; ``write`` makes what ``append`` takes in whatever process it is called."""

    write: Write

    def append(self, results: bytes) -> None:
        """Add a block's results."""

    def close(self) -> None:
        """Write what completes the file."""


def score_file(request: Request, report: Report = lambda *_: None) -> Outcome:
    """Score one file into another; the target appears when it is complete, or not at all.

    Raises
    ------
    FileRefused
        The file, the mapping or the models cannot be used; the message says what to do.
    """
    begun = time.monotonic()
    request.check_names()
    told = read_mapping(request.mapping)
    outcome = Outcome()
    try:
        with ExitStack() as files:
            source = _open_source(request.source, told, files)
            plan = plan_for(source.columns, source.first_rows(), told, with_reasons=request.with_reasons)
            errors = files.enter_context(replacing(request.errors)) if request.errors else None
            if errors:
                errors.write(errors_header(source.columns))
            target = _open_target(files.enter_context(replacing(request.target)), request, source)
            work = (source.read, plan, target.write, request.models_dir)
            for (block, spared), place in _scored(source, work, 0 if _is_small(request) else request.workers):
                target.append(block.results)
                if errors:
                    errors.write(block.errors)
                outcome.add(block)
                outcome.spared = outcome.spared or spared
                report(place, source.size, source.unit, outcome.scored + outcome.rejected)
            target.close()
    except OSError as error:
        raise FileRefused(f"{error.filename or request.target}: {error.strerror or error}.") from None
    except BrokenProcessPool:
        raise FileRefused(LOST_PROCESS) from None
    outcome.seconds = time.monotonic() - begun
    return outcome


class CsvSource:
    """A CSV file."""

    unit = "B"

    def __init__(self, path: Path, told: dict[str, Any], files: ExitStack) -> None:
        self._stream = files.enter_context(path.open("rb"))
        known: dict[str, Any] = {name: told.get(name) for name in ("encoding", "delimiter", "has_header")}
        self._dialect = detect(self._stream.read(HEAD_BYTES), **known)
        self.columns = self._dialect.columns
        self.size = path.stat().st_size
        self.read: Callable[[Piece], Block] = partial(read_block, dialect=self._dialect)

    def first_rows(self) -> list[tuple[str, ...]]:
        """Read some rows of the first block."""
        block = next(read_blocks(self._stream, self._dialect), None)
        return list(islice(block.rows(), SAMPLE_ROWS)) if block else []

    def parts(self) -> Iterator[tuple[Piece, int]]:
        """Cut the file between records."""
        for piece in read_pieces(self._stream, self._dialect, size=PIECE_BYTES):
            yield piece, piece.end.offset


class CsvTarget:
    """A results.csv."""

    def __init__(self, stream: BinaryIO, source: Source, *, with_reasons: bool = False) -> None:
        self.write: Write = results_lines
        self._stream = stream
        self.append(results_header(source.columns, with_reasons=with_reasons))

    def append(self, results: bytes) -> None:
        """Add lines."""
        self._stream.write(results)

    def close(self) -> None:
        """Nothing completes a CSV file but its last line."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside ``path`` that takes its place when the block ends without an error."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _open_source(path: Path, told: dict[str, Any], files: ExitStack) -> Source:
    if path.suffix == PARQUET:
        from app.batch.parquet import ParquetSource  # its library is large, and CSV does not need it

        return ParquetSource(path)
    try:
        return CsvSource(path, told, files)
    except NotCsv as refused:
        raise FileRefused(f"{path}: {refused}") from None


def _open_target(stream: BinaryIO, request: Request, source: Source) -> Target:
    if request.target.suffix == PARQUET:
        from app.batch.parquet import ParquetTarget

        return ParquetTarget(stream, source, with_reasons=request.with_reasons)
    return CsvTarget(stream, source, with_reasons=request.with_reasons)


def _is_small(request: Request) -> bool:
    return request.source.stat().st_size <= (SMALL_EXPLAINED_BYTES if request.with_reasons else SMALL_BYTES)


def _scored(source: Source, work: tuple[Any, ...], workers: int) -> Iterator[tuple[Scored, int]]:
    """Score every part, a few ahead in other processes, and give them back in the file's order."""
    if not workers:
        _prepare(*work)
        yield from ((_score(part), place) for part, place in source.parts())
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_process, work) as pool:
        ahead: deque[tuple[Future[Scored], int]] = deque()
        for part, place in source.parts():
            ahead.append((pool.submit(_score, part), place))
            if len(ahead) > workers + _AHEAD:
                future, end = ahead.popleft()
                yield result_of(future, workers, _give_up), end
        for future, end in ahead:
            yield result_of(future, workers, _give_up), end


def _give_up() -> NoReturn:
    sys.stderr.write(f"{LOST_PROCESS}\n")
    os._exit(EXIT_REFUSED)


def _start_process(*work: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that reads and writes says when to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _prepare(*work)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _prepare(read: Callable[[Any], Block], plan: Plan, write: Write, models_dir: Path) -> None:
    from app.batch.equipment import explainer  # the process that only reads and writes needs no models
    from app.registry.service import load_registry
    from app.segments.assignment import MODEL_NAME
    from app.segments.service import load_segment_model
    from app.telecom.champions import scoring_models

    registry = load_registry(models_dir)
    models, segments = scoring_models(registry), load_segment_model(registry)
    _at_work.update(read=read, plan=plan, write=write, models=models, explain=None)
    _at_work["segmenter"] = segments.segmenter() if segments else None
    _at_work["spared"] = registry.spared.get(MODEL_NAME, "")
    try:
        if plan.with_reasons:
            _at_work["explain"] = explainer(models_dir, models)
    except SealBroken as refused:
        registry.refused["*"] = refused.detail
    _at_work["refused"] = registry.refused


def _score(part: Any) -> Scored:
    if _at_work["refused"]:
        raise FileRefused(" ".join(_at_work["refused"].values()))
    block = score_block(
        _at_work["read"](part),
        _at_work["plan"],
        _at_work["models"],
        _at_work["write"],
        segmenter=_at_work["segmenter"],
        explain=_at_work["explain"],
    )
    return block, _at_work["spared"]
