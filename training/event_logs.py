"""Read a person's own log for training: a file, or every file of a folder, through one of the declared adapters."""

import hashlib
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.events.adapters import ADAPTERS, Adapter
from app.events.columns import Events, Micros
from app.events.reading import LineProblem, read_file
from app.events.records import frame_of

SUFFIXES: Final = (".json", ".jsonl", ".ndjson", ".csv")
"""Files of a folder that are read."""


@dataclass(frozen=True, eq=False)
class Log:
    """What the files say.

    Attributes
    ----------
    events : Events
        Every event that can be read, file by file.
    problems : list of (str, LineProblem)
        Name of the file, and the line that became no event.
    unknown_kinds : Counter of str
        Events whose kind is outside the vocabulary, by kind.
    sha256 : str
        Of a file, or of the digests of a folder's files in the order of their names.
    """

    events: Events
    problems: list[tuple[str, LineProblem]]
    unknown_kinds: Counter[str]
    sha256: str


def adapter_of(name: str, mapping: Path | None) -> str | Adapter:
    """Give the adapter that a command line names, or the one that a person's mapping describes.

    Raises
    ------
    ValueError
        The file is not JSON, or not such a mapping.
    """
    return name if mapping is None else Adapter.from_mapping(json.loads(mapping.read_text(encoding="utf-8")))


def read_log(path: Path, adapter: str | Adapter, now: Micros | None = None) -> Log:
    """Read a log into memory.

    Parameters
    ----------
    path : Path
        A file, or a folder of files that end in one of ``SUFFIXES``, read in the order of their names.
    adapter : str or Adapter
        One of ``ADAPTERS`` by name, or one that ``Adapter.from_mapping`` made.
    now : int, microseconds since 1970-01-01 UTC, optional
        Later events are refused; this moment when not given.

    Raises
    ------
    ValueError
        There is no such adapter, the folder holds no file, or a file has no event that can be read.
    """
    if isinstance(adapter, str):
        if adapter not in ADAPTERS:
            raise ValueError(f"there is no adapter {adapter}; there are {', '.join(ADAPTERS)}")
        adapter = ADAPTERS[adapter]
    files = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    if not files:
        raise ValueError(f"{path.name} holds no file that ends in {', '.join(SUFFIXES)}")
    now = time.time_ns() // 1000 if now is None else now
    rows, problems, unknown, digests = [], [], Counter[str](), []
    for file in files:
        data = file.read_bytes()
        block = read_file(data, adapter, now)
        if not block.events and block.problems:
            raise ValueError(
                f"{file.name}: no event can be read; line {block.problems[0].line}: {block.problems[0].message}"
            )
        rows += block.events
        problems += [(file.name, problem) for problem in block.problems]
        unknown += block.unknown_kinds
        digests.append(hashlib.sha256(data).hexdigest())
    whole = digests[0] if path.is_file() else hashlib.sha256("".join(digests).encode()).hexdigest()
    return Log(frame_of(rows), problems, unknown, whole)
