"""Look for bytes in those parts of an SQLite file that hold no data: what once was there may still be read.

Run as a program of its own, with the file's name as the argument and what to look for on standard input, one pattern in
hexadecimal a line; the exit code is 1 when there are traces. Not in the service's process: the kernel gives up all
locks a process holds on a file when the process closes it, SQLite's too.
"""

import mmap
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_HEADER_BYTES: Final = {2: 12, 5: 12, 10: 8, 13: 8}
"""Length of the header of each kind of b-tree page: inner and leaf, of an index and of a table."""
_FILE_HEADER_BYTES: Final = 100
_LARGEST_PAGE: Final = 65_536


def holds_traces(database: Path, patterns: Sequence[bytes]) -> bool:
    """Say whether one of the patterns stands in the unused part of a page or in a page that is free.

    Follows the file format as SQLite documents it ("Database File Format", sections 1.3, 1.5 and 1.6).
    """
    with database.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        size = struct.unpack(">H", content[16:18])[0]
        size = _LARGEST_PAGE if size == 1 else size
        free = set(_free_pages(content, size))
        return any(
            number in free or _is_unused(content, number, size, at - number * size, len(pattern))
            for pattern in patterns
            for at in _places(content, pattern)
            if (number := at // size) >= 0
        )


def _places(content: mmap.mmap, pattern: bytes) -> Iterator[int]:
    at = content.find(pattern)
    while at >= 0:
        yield at
        at = content.find(pattern, at + 1)


def _free_pages(content: mmap.mmap, size: int) -> Iterator[int]:
    """Number the free pages, from 0; the file counts them from 1."""
    trunk = struct.unpack(">I", content[32:36])[0]
    while trunk:
        start = (trunk - 1) * size
        yield trunk - 1
        trunk, count = struct.unpack(">II", content[start : start + 8])
        leaves = struct.unpack(f">{count}I", content[start + 8 : start + 8 + 4 * count])
        yield from (leaf - 1 for leaf in leaves)


def _is_unused(content: mmap.mmap, number: int, size: int, at: int, length: int) -> bool:
    """Say whether a stretch of a page touches the gap before its cells or one of its free blocks."""
    page = content[number * size : (number + 1) * size]
    head = _FILE_HEADER_BYTES if number == 0 else 0
    if page[head] not in _HEADER_BYTES:
        return False
    block, cells, top = struct.unpack(">HHH", page[head + 1 : head + 7])
    unused = [(head + _HEADER_BYTES[page[head]] + 2 * cells, top or _LARGEST_PAGE)]
    while block:
        following, block_bytes = struct.unpack(">HH", page[block : block + 4])
        unused.append((block, block + block_bytes))
        block = following
    return any(at < end and at + length > begin for begin, end in unused)


if __name__ == "__main__":
    sys.exit(holds_traces(Path(sys.argv[1]), [bytes.fromhex(line) for line in sys.stdin.read().split()]))
