"""The lines of results.csv and errors.csv: the file's own columns as they were, then ours."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Final

from app.batch.blocks import Block
from app.telecom.answers import ANSWER_COLUMNS, CUSTOMER_COLUMNS
from app.web.csv_cells import LINE_END, neutralise, restore, write_lines

PREFIX: Final = "telelink_"
ERROR_COLUMNS: Final = (f"{PREFIX}line", f"{PREFIX}reason")
BETWEEN_REASONS: Final = "; "
SEGMENT_COLUMNS: Final = ("segment", "persona")
"""The answer's last columns; files of a job that began before there were segments do without."""
REASONS: Final = "reasons"
"""Column behind the answer's, in files whose rows are explained."""
_OWN: Final = frozenset(
    (*ANSWER_COLUMNS, REASONS, *CUSTOMER_COLUMNS, *(name.removeprefix(PREFIX) for name in ERROR_COLUMNS))
)
_NEEDS_A_LOOK: Final = frozenset("'=+-@\t\r\0")


def is_own_column(name: str) -> bool:
    """Say whether a column comes from a file that this service wrote.

    Examples
    --------
    >>> [is_own_column(name) for name in ("churn_risk", "telelink_line", "telelink_telelink_line", "line", "State")]
    [True, True, True, False, False]
    """
    bare = name
    while bare.startswith(PREFIX):
        bare = bare.removeprefix(PREFIX)
    return bare in _OWN and (bare != name or f"{PREFIX}{bare}" not in ERROR_COLUMNS)


def answer_columns(
    columns: Sequence[str], *, with_segments: bool = True, with_reasons: bool = False
) -> tuple[str, ...]:
    """Names of the answer's columns behind the file's own; a name that the file has already gets our prefix."""
    ours = [name for name in ANSWER_COLUMNS if with_segments or name not in SEGMENT_COLUMNS]
    return _apart([*ours, REASONS] if with_reasons else ours, columns)


def results_header(columns: Sequence[str], *, with_segments: bool = True, with_reasons: bool = False) -> bytes:
    """First line of results.csv."""
    ours = answer_columns(columns, with_segments=with_segments, with_reasons=with_reasons)
    return as_bytes(write_lines([[neutralise(name) for name in (*columns, *ours)]]))


def errors_header(columns: Sequence[str]) -> bytes:
    """First line of errors.csv."""
    return as_bytes(write_lines([[neutralise(name) for name in (*columns, *_apart(ERROR_COLUMNS, columns))]]))


def own_lines(block: Block, chosen: Sequence[bool] | None = None) -> list[str]:
    """Write the rows of a block, all or the chosen ones, as they may stand in a file of ours; without line ends."""
    if block.raws is not None:
        return block.raws if chosen is None else list(compress(block.raws, chosen))
    safe = [neutralise(restore(cell)) if cell[:1] in _NEEDS_A_LOOK else cell for cell in block.cells]
    rows = zip(*[iter(safe)] * len(block.columns), strict=True)
    return write_lines(rows if chosen is None else compress(rows, chosen))


def errors_lines(block: Block, refused: Sequence[tuple[int, str]]) -> list[str]:
    """Write the refused and the broken rows of a block in the order of the file.

    Parameters
    ----------
    block : Block
    refused : sequence of (int, str)
        Position of each refused row among those that could be read, and its reasons.
    """
    width = len(block.columns)
    rows: list[tuple[int, Sequence[str], str]] = [
        (block.lines[place], block.cells[place * width : (place + 1) * width], reason) for place, reason in refused
    ]
    rows += [(row.line, row.values + [""] * (width - len(row.values)), row.message) for row in block.broken]
    rows.sort(key=lambda row: row[0])
    return write_lines(
        [*(neutralise(restore(cell)) for cell in cells), str(line), reason] for line, cells, reason in rows
    )


def as_bytes(lines: Iterable[str]) -> bytes:
    """End each line and encode it."""
    return "".join(_ended(lines)).encode()


def _ended(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line
        yield LINE_END


def _apart(ours: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    taken = set(theirs)
    given = []
    for name in ours:
        while name in taken:
            name = f"{PREFIX}{name}"
        given.append(name)
    return tuple(given)
