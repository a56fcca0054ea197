"""The chart library arrives in a checkout once for each lock; without network the service starts all the same."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shipping.machine import ROOT, write_stub

FETCHED = "static/vendor/echarts.js"
# What npm would leave behind, and a line for each time it is asked.
NPM = """[ "$1" = --version ] && echo 10 && exit
echo "$*" >> "$CALLS"
mkdir -p node_modules/echarts/dist && cp package-lock.json node_modules/echarts/dist/echarts.esm.min.js"""
OUT_OF_REACH = '[ "$1" = --version ] && echo 10 && exit\necho "$*" >> "$CALLS"\nexit 1'
NOT_INSTALLED = "exit 127"
SAID = "The chart library could not be fetched: charts show as tables until scripts/start reaches the network.\n"


class Checkout:
    """A folder with what the function reads, an npm that is a stub, and no Node.js in its environment."""

    def __init__(self, folder: Path, npm: str) -> None:
        self.folder, self.bin, self.calls = folder / "checkout", folder / "bin", folder / "calls"
        for each in (self.folder / "scripts", self.bin, self.folder / ".venv" / "bin"):
            each.mkdir(parents=True)
        for name in ("scripts/environment.sh", "package.json", "package-lock.json", ".npmrc", "requirements-dev.txt"):
            shutil.copy(ROOT / name, self.folder / name)
        write_stub(self.bin, "npm", npm)
        write_stub(self.folder / ".venv" / "bin", "python", 'echo "$*" >> "$CALLS"; exit 1')

    def start(self) -> subprocess.CompletedProcess[str]:
        script = "set -euo pipefail; source scripts/environment.sh; ensure_charts; echo started"
        told = {"PATH": f"{self.bin}:/usr/bin:/bin", "CALLS": str(self.calls), "TMPDIR": str(self.folder.parent)}
        return subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=told, text=True, capture_output=True, timeout=60, check=False
        )

    def asked(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


def test_it_is_fetched_once_for_each_lock(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, NPM)
    for _ in range(2):
        assert checkout.start().stdout == "started\n"
    assert (checkout.folder / FETCHED).read_bytes() == (checkout.folder / "package-lock.json").read_bytes()
    assert [call.split()[:3] for call in checkout.asked()] == [["ci", "--omit=dev", "--ignore-scripts"]]
    lock = checkout.folder / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    assert checkout.start().returncode == 0
    assert (checkout.folder / FETCHED).read_bytes() == lock.read_bytes()
    assert not (checkout.folder / "node_modules").exists(), "linters that lie there would be taken away"
    assert {path.name for path in tmp_path.iterdir()} == {"checkout", "bin", "calls"}, "something was left behind"


@pytest.mark.parametrize("npm", [OUT_OF_REACH, NOT_INSTALLED])
def test_without_it_the_service_starts_and_one_line_says_so(tmp_path: Path, npm: str) -> None:
    checkout = Checkout(tmp_path, npm)
    started = checkout.start()
    assert (started.returncode, started.stdout) == (0, "started\n")
    assert started.stderr.endswith(SAID)
    assert started.stderr.count("\n") == 2
    assert not (checkout.folder / FETCHED).exists()
    assert checkout.asked(), "nothing was tried"


def test_a_machine_without_npm_takes_the_locked_one(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, NOT_INSTALLED)
    checkout.start()
    assert any("pip install" in call and "--require-hashes" in call for call in checkout.asked())
