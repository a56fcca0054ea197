"""setup-ec2.sh on a pretended Amazon Linux 2023: what it changes, what a second run changes, what it refuses."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shipping.machine import ROOT, write_stub

Setup = Callable[..., subprocess.CompletedProcess[str]]
AMAZON = 'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nVERSION_ID="2023"\n'
# Each stub keeps what it changed in a file of the folder "machine", and appends to the call list.
STUBS = {
    "sudo": 'echo "sudo $*" >> "$M/calls"\n[ ! -e "$M/break-$1" ] || exit 1\nexec "$@"',
    "rpm": 'for last in "$@"; do :; done\n[ -e "$M/package-$last" ]',
    "dnf": 'for each in "$@"; do case $each in -*|install) ;; *) touch "$M/package-$each" ;; esac; done',
    "systemctl": '[ "$1" = enable ] && touch "$M/docker-enabled"\n[ -e "$M/docker-enabled" ]',
    "id": 'case $1 in -un) echo ec2-user ;; -nG) cat "$M/groups" ;; *) echo 1000 ;; esac',
    "usermod": 'echo " docker" >> "$M/groups"',
    # install -d -o OWNER -g GROUP -m MODE FOLDER
    "install": '[ "$#" = 8 ] || exit 9\nmkdir -p "$8" && echo "$3:$5 $7" > "$M/owner-of-$(basename "$8")"',
    "docker": '[ -e "$M/docker-enabled" ]',
    "flock": ":",
    "curl": ":",
}


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    machine, folder = tmp_path / "machine", tmp_path / "bin"
    machine.mkdir()
    folder.mkdir()
    for name, body in STUBS.items():
        write_stub(folder, name, body)
    (machine / "groups").write_text("ec2-user wheel\n")
    (machine / "os-release").write_text(AMAZON)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        (machine / "calls").write_text("")
        environment = {
            "PATH": f"{folder}:/usr/bin:/bin", "M": str(machine), "TELELINK_HOME": str(tmp_path / "home"),
            "OS_RELEASE_FILE": str(machine / "os-release"), "LC_ALL": "C",
        }  # fmt: skip
        command = ["bash", str(ROOT / "setup-ec2.sh"), *arguments]
        return subprocess.run(command, env=environment, text=True, capture_output=True, timeout=30, check=False)

    return run


def machine_of(tmp_path: Path) -> str:
    """Write down everything the stubs keep, but for the calls."""
    files = sorted(file for file in (tmp_path / "machine").iterdir() if file.name != "calls")
    return json.dumps({file.name: file.read_text() for file in files}, indent=1)


def test_a_new_machine_gets_docker_the_group_and_the_data_folder(setup: Setup, tmp_path: Path) -> None:
    result = setup()
    assert result.returncode == 0, result.stderr
    kept = json.loads(machine_of(tmp_path))
    assert {"package-docker", "package-git", "docker-enabled"} <= set(kept)
    assert kept["groups"].split() == ["ec2-user", "wheel", "docker"]
    assert kept["owner-of-home"] == "root:root 0755\n"
    assert kept["owner-of-data"] == "10001:10001 0700\n"
    assert (tmp_path / "home" / "data").is_dir()
    assert result.stdout.splitlines()[-1].endswith("then run: ./deploy.sh")


def test_a_second_run_changes_nothing(setup: Setup, tmp_path: Path) -> None:
    setup()
    (tmp_path / "home" / "data" / "telelink.db").write_text("customers")
    after_one = machine_of(tmp_path)
    result = setup()
    assert result.returncode == 0, result.stderr
    assert machine_of(tmp_path) == after_one
    assert (tmp_path / "home" / "data" / "telelink.db").read_text() == "customers"
    asked = [line.split()[1] for line in (tmp_path / "machine" / "calls").read_text().splitlines()]
    assert set(asked) == {"install", "docker"}
    assert "packages: already installed" in result.stdout
    assert "docker: already running" in result.stdout
    assert "ec2-user is already in it" in result.stdout


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("dnf", "packages could not be installed: docker git"),
        ("systemctl", "Docker could not be started"),
        ("usermod", "ec2-user could not be added to the docker group"),
        ("install", "could not be made"),
        ("docker", "the Docker engine does not answer"),
    ],
)
def test_a_failing_step_is_named_and_a_later_run_finishes(
    setup: Setup, tmp_path: Path, program: str, reason: str
) -> None:
    broken = tmp_path / "machine" / f"break-{program}"
    broken.touch()
    result = setup()
    assert result.returncode == 1
    assert reason in result.stderr.splitlines()[-1]
    assert "next:" not in result.stdout
    broken.unlink()
    assert setup().returncode == 0


@pytest.mark.parametrize("text", ['ID="debian"\nVERSION_ID="12"\n', 'ID="amzn"\nVERSION_ID="2"\n', ""])
def test_another_system_is_refused_before_anything_is_changed(setup: Setup, tmp_path: Path, text: str) -> None:
    (tmp_path / "machine" / "os-release").write_text(text)
    result = setup()
    assert result.returncode == 1
    assert "this script is for Amazon Linux 2023" in result.stderr
    assert (tmp_path / "machine" / "calls").read_text() == ""


def test_help_changes_nothing_and_an_argument_is_refused(setup: Setup, tmp_path: Path) -> None:
    assert setup("--help").returncode == 0
    assert setup("--force").returncode == 2
    assert (tmp_path / "machine" / "calls").read_text() == ""
