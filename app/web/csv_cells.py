"""Cells of a CSV file that no spreadsheet takes for a formula, and that read back as they were (RFC 4180)."""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Final

LINE_END: Final = "\r\n"
_PLAIN_NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_DANGEROUS: Final = re.compile(rf"(?!{_PLAIN_NUMBER}\Z)'*[=+\-@\t\r\0]")
_NEUTRALISED: Final = re.compile(r"'+[=+\-@\t\r\0]")
# The lookbehind keeps the search on the rare characters: a pattern that starts at every comma is twice as slow.
_DANGEROUS_LINES: Final = re.compile(
    rf"[=+\-@\t\r\0](?<=[,\n].)(?!(?<=[+-]){_PLAIN_NUMBER.removeprefix('[+-]?')}(?=[,\n]))"
)


def neutralise(text: str) -> str:
    """Put one more apostrophe before what a spreadsheet would run as a formula; numbers stay numbers.

    Examples
    --------
    >>> [neutralise(text) for text in ("=1+1", "-5.2", "-x", "'=1", "plain")]
    ["'=1+1", '-5.2', "'-x", "''=1", 'plain']
    """
    return f"'{text}" if _DANGEROUS.match(text) else text


def restore(text: str) -> str:
    """Take back what ``neutralise`` put before a cell.

    Examples
    --------
    >>> [restore(text) for text in ("'=1+1", "-5.2", "''=1", "'plain'")]
    ['=1+1', '-5.2', "'=1", "'plain'"]
    """
    return text[1:] if text[:1] == "'" and _NEUTRALISED.match(text) else text


def is_dangerous(lines: str) -> bool:
    r"""Say whether any cell of whole, comma-separated lines without quotes, each ended by "\n", has to be neutralised.

    Examples
    --------
    >>> [is_dangerous(lines) for lines in ("1,-5.2\n", "1,-x\n", "=1,2\n", "a-b,c\n")]
    [False, True, True, False]
    """
    return _DANGEROUS_LINES.search(f"\n{lines}") is not None


def write_lines(rows: Iterable[Sequence[str]]) -> list[str]:
    """Write each row as one comma-separated record without its line end; cells are quoted where they need it."""
    records = _Records()
    csv.writer(records, lineterminator=LINE_END).writerows(rows)
    return records


class _Records(list[str]):
    """What ``csv.writer`` writes to, one record at a time."""

    def write(self, record: str) -> None:
        """Keep a record without its line end."""
        self.append(record[: -len(LINE_END)])
