"""Reasons for a file: those of /explain, or a refusal in words."""

import hashlib
import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.batch.equipment import MOST_REASONS, explainer, one_cell
from app.errors import SealBroken
from app.explanations.sentences import Reason
from app.explanations.trees import TREES
from app.registry.artifacts import CHECKSUMS
from app.settings import ROOT
from app.telecom.features import FIELDS, MINUTE_FIELDS
from tests.app.batch.grouped_models import grouped_models
from tests.app.batch.odd_files import MODELS, a_file, read_file, rows_of
from tests.simulated_requests import simulated_customers

NO_MINUTES = {field.alias: None for field in MINUTE_FIELDS}
NUMBERS = {field.alias for field in FIELDS if field.is_number}


def test_the_reasons_of_a_file_are_the_sentences_of_explain(client: TestClient) -> None:
    asked = [
        {**customer, **(NO_MINUTES if place % 3 == 0 else {})}
        for place, customer in enumerate(simulated_customers(120, 11, id_prefix="c"))
    ]
    written = [{name: "" if value is None else str(value) for name, value in each.items()} for each in asked]
    read = read_file(a_file(*written).encode(), explain=explainer(ROOT / "models", MODELS))
    explained = 0
    for customer, row in zip(asked, rows_of(read.results), strict=True):
        if row["churn_risk"] == "Low":
            assert row["reasons"] == ""
            continue
        answer = client.post("/explain", json={name: value for name, value in customer.items() if value is not None})
        reasons = answer.json()["explanation"]["reasons"]
        largest = sorted(reasons, key=lambda reason: -abs(reason["contribution"]))[:MOST_REASONS]
        words = {"up": "Raises", "down": "Lowers"}
        assert row["reasons"] == " | ".join(f"{words[reason['direction']]}: {reason['text']}" for reason in largest)
        explained += 1
    assert explained > 10


def test_reasons_stand_by_size_whichever_way_they_point_and_are_three_at_most() -> None:
    sizes = {"a": 0.1, "b": 0.05, "c": 0.02, "d": -0.2, "e": -0.03}
    found = [Reason("up" if size > 0 else "down", name, size, name.upper()) for name, size in sizes.items()]
    assert one_cell(found) == "Lowers: D | Raises: A | Raises: B"
    assert one_cell(found[:1]) == "Raises: A"
    assert one_cell([]) == ""


def without_trees(folder: Path) -> None:
    (folder / TREES).unlink()
    sums = (folder / CHECKSUMS).read_text().splitlines(keepends=True)
    (folder / CHECKSUMS).write_text("".join(line for line in sums if TREES not in line))


def test_a_version_without_trees_gives_no_reasons_and_says_so(tmp_path: Path) -> None:
    models_dir = grouped_models(tmp_path / "models")
    version = MODELS["core"].version
    without_trees(models_dir / "telecom-core" / version)
    with pytest.raises(SealBroken, match=f"telecom-core/{version}: it was sealed without trees.npz"):
        explainer(models_dir, MODELS)


def test_trees_that_are_none_are_refused(tmp_path: Path) -> None:
    models_dir = grouped_models(tmp_path / "models")
    folder = models_dir / "telecom-core" / MODELS["core"].version
    sealed = hashlib.sha256((folder / TREES).read_bytes()).hexdigest()
    (folder / TREES).write_bytes(json.dumps({}).encode())
    sums = (folder / CHECKSUMS).read_text()
    (folder / CHECKSUMS).write_text(sums.replace(sealed, hashlib.sha256(b"{}").hexdigest()))
    with pytest.raises(SealBroken, match=r"trees.npz cannot be used"):
        explainer(models_dir, MODELS)
