"""A sealed version is verified byte for byte before anything of it is parsed."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import SealBroken
from app.registry import artifacts
from app.registry.artifacts import CARD, CHECKSUMS, MODEL, load_version, read_verified
from app.settings import ROOT
from app.telecom.features import DESIGN_COLUMNS
from tests.sealed import CORE, USAGE, VERSION_OF

FILES = sorted(path.name for path in (ROOT / "models" / USAGE).iterdir())
CONTENTS = [name for name in FILES if name != CHECKSUMS]
MUTATIONS = 300


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was handed to a parser, each noted before it is parsed."""
    seen: list[str] = []
    parse_card, parse_graph = json.loads, artifacts.load_graph

    def loads(text: bytes, **options: Any) -> Any:
        seen.append(CARD)
        return parse_card(text, **options)

    def load_graph(model: bytes) -> Any:
        seen.append(MODEL)
        return parse_graph(model)

    monkeypatch.setattr(artifacts.json, "loads", loads)
    monkeypatch.setattr(artifacts, "load_graph", load_graph)
    return seen


def seal(folder: Path) -> None:
    """Write the checksums anew, as somebody who can write to the folder would."""
    names = sorted(path.name for path in folder.iterdir() if path.name != CHECKSUMS)
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="ascii")


def test_a_shipped_version_is_loaded_and_answers(version: Path, parsed: list[str]) -> None:
    sealed = load_version(version)
    assert (sealed.name, sealed.version, parsed) == ("telecom-usage", VERSION_OF["telecom-usage"], [CARD, MODEL])
    design = np.array(sealed.card["golden"]["design"], dtype=np.float32)
    assert design.shape[1] == len(DESIGN_COLUMNS["usage"])
    forest_score, clv = sealed.graph(design)
    assert forest_score == pytest.approx(sealed.card["golden"]["forest_score"], abs=1e-6)
    assert clv == pytest.approx(sealed.card["golden"]["clv_usd"], rel=1e-6)


def test_what_was_checked_is_what_is_returned(version: Path) -> None:
    before = {name: (version / name).read_bytes() for name in CONTENTS}
    contents = read_verified(version)
    (version / CARD).write_bytes(b"changed afterwards")
    assert contents == before


def flip_first(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def flip_last(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2] ^= 0x10
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def point_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def point_at_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def point_at_another_file(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize("file_name", FILES)
@pytest.mark.parametrize(
    "spoil",
    [
        flip_first, flip_last, cut, empty, lengthen, Path.unlink, replace_by_folder, point_nowhere, point_at_itself,
        point_at_another_file,
    ],
)  # fmt: skip
def test_a_changed_file_is_refused_before_anything_is_parsed(
    version: Path, parsed: list[str], file_name: str, spoil: Callable[[Path], None]
) -> None:
    spoil(version / file_name)
    with pytest.raises(SealBroken):
        load_version(version)
    assert parsed == []


@pytest.mark.parametrize("added", ["notes.txt", ".hidden", "pipeline.joblib", f"{CARD}~"])
def test_an_added_file_is_refused(version: Path, parsed: list[str], added: str) -> None:
    (version / added).write_bytes(b"unsealed")
    with pytest.raises(SealBroken, match="differ"):
        load_version(version)
    assert parsed == []


def test_no_random_mutation_is_accepted(version: Path, parsed: list[str]) -> None:
    rng = random.Random(20_260_101)
    originals = {name: (version / name).read_bytes() for name in FILES}
    accepted = []
    for _ in range(MUTATIONS):
        name = rng.choice(FILES)
        content = bytearray(originals[name])
        place, before = rng.randrange(len(content)), bytes(content)
        content[place] ^= rng.randrange(1, 256)
        assert bytes(content) != before
        (version / name).write_bytes(content)
        try:
            load_version(version)
        except SealBroken:
            (version / name).write_bytes(before)
            continue
        accepted.append((name, place, content[place]))
    assert accepted == []
    assert parsed == []
    assert load_version(version)


def test_swapped_files_are_refused(version: Path, parsed: list[str]) -> None:
    (version / CARD).rename(version / "kept")
    (version / MODEL).rename(version / CARD)
    (version / "kept").rename(version / MODEL)
    with pytest.raises(SealBroken):
        load_version(version)
    assert parsed == []


@pytest.mark.parametrize(
    "name", ["../outside", "../../outside", "/etc/passwd", "..", ".", "inner/file", "a\\b", "", " ", "a b", "\u0441ard"]
)
def test_a_listed_name_never_becomes_a_path(
    version: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (version.parent / "outside").write_bytes(b"outside")
    (version / "inner").mkdir()
    (version / "inner" / "file").write_bytes(b"outside")
    line = f"{hashlib.sha256(b'outside').hexdigest()}  {name}\n"
    (version / CHECKSUMS).write_text((version / CHECKSUMS).read_text() + line)
    opened: list[str] = []
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(str(path)))
    with pytest.raises(SealBroken):
        load_version(version)
    assert (opened, parsed) == ([], [])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text.upper(),
        lambda text: text.replace("  ", " "),
        lambda text: text.replace("  ", " *"),
        lambda text: "# checksums\n" + text,
        lambda text: text + text.splitlines()[0] + "\n",
        lambda text: text + "\n",
        lambda text: "".join(line + "\n" for line in text.splitlines() if CARD not in line),
        lambda text: "".join(line + "\n" for line in text.splitlines() if MODEL not in line),
    ],
    ids=["empty", "capitals", "one-space", "binary-mark", "comment", "doubled", "blank-line", "no-card", "no-model"],
)
def test_an_irregular_list_is_refused(version: Path, parsed: list[str], spoil: Callable[[str], str]) -> None:
    path = version / CHECKSUMS
    path.write_text(spoil(path.read_text()))
    with pytest.raises(SealBroken):
        load_version(version)
    assert parsed == []


def test_a_file_too_large_is_not_read(version: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    os.truncate(version / MODEL, 65 * 1024 * 1024)
    read_now, opened = Path.read_bytes, []
    monkeypatch.setattr(Path, "read_bytes", lambda path: opened.append(path.name) or read_now(path))
    with pytest.raises(SealBroken, match="too large"):
        load_version(version)
    assert MODEL not in opened
    assert parsed == []


def test_a_card_of_another_version_is_refused(version: Path) -> None:
    renamed = Path(shutil.copytree(version, version.parent / "77"))
    with pytest.raises(SealBroken, match="another version"):
        load_version(renamed)


def test_a_version_of_another_model_is_refused(models_dir: Path, version: Path) -> None:
    shutil.rmtree(version)
    shutil.copytree(models_dir / CORE, version)
    with pytest.raises(SealBroken, match="another version"):
        load_version(version)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (CARD, b"[]"), (CARD, b"{}"), (CARD, b"\xff\xfe"), (CARD, b"[" * 200_000),
        (MODEL, b"not a graph"), (MODEL, b""),
    ],
)  # fmt: skip
def test_a_sealed_file_that_cannot_be_loaded_is_refused(version: Path, name: str, content: bytes) -> None:
    (version / name).write_bytes(content)
    seal(version)
    with pytest.raises(SealBroken, match="cannot be loaded"):
        load_version(version)


def test_a_graph_that_gives_other_answers_is_refused(models_dir: Path, version: Path) -> None:
    shutil.copy(models_dir / CORE / MODEL, version / MODEL)
    seal(version)
    with pytest.raises(SealBroken):
        load_version(version)


@pytest.mark.parametrize("output", ["forest_score", "clv_usd"])
def test_golden_rows_decide(version: Path, output: str) -> None:
    card = json.loads((version / CARD).read_text())
    card["golden"][output][7] *= 1.01
    (version / CARD).write_text(json.dumps(card))
    seal(version)
    with pytest.raises(SealBroken, match=output):
        load_version(version)


def test_a_version_behind_a_link_is_loaded_by_its_content(version: Path) -> None:
    elsewhere = version.rename(version.parent / "elsewhere")
    version.symlink_to(elsewhere)
    assert load_version(version).version == VERSION_OF["telecom-usage"]
