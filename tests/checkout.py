"""The files of this checkout as git knows them: what is committed, and what would be."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@cache
def files(*suffixes: str, under: str = "") -> tuple[Path, ...]:
    """List the files with one of these endings (all files without any), under a folder, in a fixed order."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", under or "."]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = (ROOT / name for name in sorted(set(names)) if name)
    return tuple(path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes))


@cache
def python_files(under: str = "") -> tuple[Path, ...]:
    """List Python files, those without an ending (the executables of ``scripts/``) included."""
    scripts = (path for path in files("", under=under) if path.read_bytes()[:80].startswith(b"#!/usr/bin/env python"))
    return (*files(".py", under=under), *scripts)


def name_of(path: Path) -> str:
    """Write a path as it is written from the root of the checkout."""
    return path.relative_to(ROOT).as_posix()
