"""The Dockerfile as data: its stages, their instructions, and the files of the checkout that end up in the image."""

import fnmatch
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.shipping.machine import ROOT


@dataclass
class Stage:
    """One FROM and what follows it."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def arguments(self, keyword: str) -> list[str]:
        return [argument for word, argument in self.instructions if word == keyword]


def stages(text: str | None = None) -> list[Stage]:
    """Split a Dockerfile into stages; comments are dropped and continued lines joined."""
    text = (ROOT / "Dockerfile").read_text() if text is None else text
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        word, argument = line.split(None, 1)
        if word == "FROM":
            parts = argument.split()
            found.append(Stage(parts[2] if len(parts) == 3 else "", parts[0]))
        elif found:
            found[-1].instructions.append((word, argument))
    return found


def environment() -> dict[str, str]:
    """Return the variables that the last stage sets."""
    pairs = " ".join(stages()[-1].arguments("ENV")).split()
    return dict(pair.split("=", 1) for pair in pairs)


def command() -> list[str]:
    """Return the last stage's CMD, which must be in exec form."""
    return json.loads(stages()[-1].arguments("CMD")[0])


def copied_sources() -> list[tuple[str, str]]:
    """Return (source in the checkout, place in the service's folder) of every file or folder the image serves from.

    What another stage brings into that folder is left out: see ``charts_copy``.
    """
    final = stages()[-1]
    by_name = {stage.name: stage for stage in stages()}
    folder = final.arguments("WORKDIR")[-1]
    pairs = []
    for copy in final.arguments("COPY"):
        words = copy.split()
        if not words[0].startswith("--from="):
            pairs.append((words[0], words[-1]))
        elif words[1] == folder:
            source = by_name[words[0].removeprefix("--from=")]
            assert source.arguments("WORKDIR") == [folder]
            pairs += [tuple(each.split()) for each in source.arguments("COPY") if not each.startswith("--from=")]
    return pairs


def charts_copy() -> tuple[str, str]:
    """Return (path below the ``charts`` stage's folder, place in the service's folder) of the chart library."""
    by_name = {stage.name: stage for stage in stages()}
    copy = next(each for each in by_name["files"].arguments("COPY") if each.startswith("--from=charts "))
    _, source, place = copy.split()
    return source.removeprefix(f"{by_name['charts'].arguments('WORKDIR')[0]}/"), place


def ignored_names() -> list[str]:
    """Return the name patterns that .dockerignore takes out again below what it lets in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line.rstrip("/").rsplit("/", 1)[-1] for line in lines if line not in ("", "*") and line[0] not in "!#"]


def make_service_folder(target: Path) -> None:
    """Copy into ``target`` what the image's service folder holds, and nothing else."""
    patterns = ignored_names()
    target.mkdir(parents=True)
    for source, place in copied_sources():
        origin = ROOT / source
        if origin.is_dir():
            shutil.copytree(origin, target / place, ignore=shutil.ignore_patterns(*patterns))
        else:
            assert not any(fnmatch.fnmatch(origin.name, pattern) for pattern in patterns)
            file = target / (place if not place.startswith("./") else origin.name)
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin, file)
    fetched, place = ROOT / "static" / "vendor" / "echarts.js", target / charts_copy()[1]
    if fetched.exists():
        place.parent.mkdir()
        shutil.copy(fetched, place)
