"""Sealed versions to spoil."""

import shutil
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.sealed import USAGE


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """A copy of the sealed versions that are shipped."""
    return Path(shutil.copytree(ROOT / "models", tmp_path / "models"))


@pytest.fixture
def version(models_dir: Path) -> Path:
    """The folder of one sealed version."""
    return models_dir / USAGE
