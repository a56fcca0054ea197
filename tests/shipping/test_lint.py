"""hadolint and shellcheck have nothing to say, and would say it if there were something."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shipping.machine import ROOT


def lint(*command: str | Path) -> subprocess.CompletedProcess[str]:
    beside_python = Path(sys.executable).with_name(str(command[0]))
    program = beside_python if beside_python.exists() else shutil.which(str(command[0]))
    assert program, f"{command[0]} comes with requirements-dev.txt"
    return subprocess.run([program, *command[1:]], cwd=ROOT, text=True, capture_output=True, timeout=60, check=False)


def test_the_dockerfile_passes_hadolint() -> None:
    result = lint("hadolint", "Dockerfile")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", ["deploy.sh", "setup-ec2.sh", "tests/controls/deploy_stops_first.sh"])
def test_a_shell_script_passes_shellcheck(name: str) -> None:
    result = lint("shellcheck", "--severity=style", name)
    assert result.returncode == 0, result.stdout


def test_the_linters_are_awake(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:latest\nCMD python backend.py\n")
    (tmp_path / "wrong.sh").write_text("#!/bin/bash\nrm -rf $1/*\n")
    assert "DL3007" in lint("hadolint", tmp_path / "Dockerfile").stdout
    assert "SC2086" in lint("shellcheck", tmp_path / "wrong.sh").stdout
