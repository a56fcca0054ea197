"""Verify a sealed version byte for byte, then load its graph. Nothing is parsed before its checksum matches."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.errors import SealBroken

CHECKSUMS: Final = "SHA256SUMS"
MODEL: Final = "model.onnx"
CARD: Final = "card.json"
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]{0,63})")
_LARGEST_FILE_BYTES: Final = 64 * 1024 * 1024

FOREST_SCORE: Final = "forest_score"
CLV_USD: Final = "clv_usd"
GOLDEN_TOLERANCE: Final = 1e-6
"""Room for another processor's rounding of the forest's single-precision sum."""

Floats = NDArray[np.float64]
Graph = Callable[[NDArray[np.float32]], tuple[Floats, ...]]
OUTPUTS: Final = (FOREST_SCORE, CLV_USD)
"""What a graph may answer; one without lifetime values answers the score alone."""


@dataclass(frozen=True)
class SealedVersion:
    """A version whose files match their checksums.

    Attributes
    ----------
    card : dict
        The parsed card.
    graph : callable or None
        Design matrix, shape (n, k) float32, to those of ``OUTPUTS`` that it has, each shape (n,): forest score, raw
        lifetime value. None for a version that holds no graph: what it knows stands in its card.
    folder : Path
        Where the version lies, for the files that are read when somebody asks.
    """

    name: str
    version: str
    card: dict[str, Any]
    graph: Graph | None
    folder: Path


def read_verified(folder: Path) -> dict[str, bytes]:
    """Read every file of a sealed version and check it against ``SHA256SUMS``.

    Returns
    -------
    dict of str to bytes
        Content of each listed file; what is returned is what was checked, so a later change on disk has no effect.

    Raises
    ------
    SealBroken
        The list is missing or unreadable, a file is missing, added, too large or different.
    """
    label = f"{folder.parent.name}/{folder.name}"
    try:
        entries = {entry.name: entry for entry in folder.iterdir()}
        if not all(entry.is_file() for entry in entries.values()):
            raise SealBroken(f"{label}: it holds something that is not a file.")
        lines = (folder / CHECKSUMS).read_text(encoding="ascii").splitlines()
        matches = [_LINE.fullmatch(line) for line in lines]
    except (OSError, ValueError):
        raise SealBroken(f"{label}: {CHECKSUMS} cannot be read.") from None
    listed = {match[2]: match[1] for match in matches if match}
    if len(listed) != len(lines) or CARD not in listed:
        raise SealBroken(f"{label}: {CHECKSUMS} is not a list of checksums with {CARD}.")
    present = entries.keys() - {CHECKSUMS}
    if present != listed.keys():
        raise SealBroken(f"{label}: files and checksums differ: {sorted(present ^ listed.keys())}.")
    contents = {}
    for file_name, expected in listed.items():
        path = folder / file_name
        try:
            if path.stat().st_size > _LARGEST_FILE_BYTES:
                raise SealBroken(f"{label}: {file_name} is too large.")
            contents[file_name] = path.read_bytes()
        except OSError:
            raise SealBroken(f"{label}: {file_name} cannot be read.") from None
        if hashlib.sha256(contents[file_name]).hexdigest() != expected:
            raise SealBroken(f"{label}: {file_name} does not match its checksum.")
    return contents


def load_graph(model: bytes) -> Graph:
    """Load an ONNX graph as a function; one thread, because several make a single row slower."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    present = {output.name for output in session.get_outputs()}
    outputs = [name for name in OUTPUTS if name in present]

    def graph(design: NDArray[np.float32]) -> tuple[Floats, ...]:
        return tuple(session.run(outputs, {"design": design}))

    return graph


def load_version(folder: Path) -> SealedVersion:
    """Verify and load the version in ``<name>/<version>``.

    Raises
    ------
    SealBroken
        The seal does not hold, the card names another version, the graph cannot be loaded, or it does not give the
        answers that the card recorded when it was sealed.
    """
    contents = read_verified(folder)
    name, version = folder.parent.name, folder.name
    try:
        card = json.loads(contents[CARD])
        if (card["name"], card["version"]) != (name, version):
            raise SealBroken(f"{name}/{version}: the card belongs to another version.")
        graph = load_graph(contents[MODEL]) if MODEL in contents else None
        if graph is not None:
            _answer_golden_rows(f"{name}/{version}", graph, card["golden"])
    except SealBroken:
        raise
    except Exception as error:  # ONNX Runtime raises several unrelated classes for a graph it cannot load
        raise SealBroken(f"{name}/{version}: cannot be loaded ({type(error).__name__}).") from error
    return SealedVersion(name, version, card, graph, folder)


def _answer_golden_rows(name: str, graph: Graph, golden: dict[str, Any]) -> None:
    """Prove on this machine that the graph answers as it did where it was sealed."""
    answers = graph(np.array(golden["design"], dtype=np.float32))
    for answer, output in zip(answers, (output for output in OUTPUTS if output in golden), strict=True):
        if not np.allclose(answer, golden[output], rtol=GOLDEN_TOLERANCE, atol=GOLDEN_TOLERANCE):
            raise SealBroken(f"{name}: the graph's {output} differs from the card's golden rows.")
