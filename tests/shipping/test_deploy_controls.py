"""The checks of this folder are worth something: wrong deploy scripts, made on purpose, are all reported by them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.shipping.machine import (
    ROOT,
    Machine,
    assert_new_version_serves,
    assert_old_version_serves,
)

STOPS_FIRST = ROOT / "tests" / "controls" / "deploy_stops_first.sh"


def a_good_version_goes_live(machine: Machine) -> None:
    before = machine.state
    assert_new_version_serves(machine, machine.deploy(), before)


def a_build_fails(machine: Machine) -> None:
    before = machine.state
    machine.break_at("build")
    assert_old_version_serves(machine, machine.deploy(), before)


def version_fails(**behaviour: Any) -> Callable[[Machine], None]:
    def experiment(machine: Machine) -> None:
        before = machine.state
        machine.change(next_build=behaviour)
        assert_old_version_serves(machine, machine.deploy(), before)
        assert "fails_on_data" in behaviour or "stop telelink-parked" not in machine.steps

    return experiment


def the_last_step_fails(machine: Machine) -> None:
    before = machine.state
    machine.break_at("tag telelink:current", mode="after")
    assert_old_version_serves(machine, machine.deploy(), before)


EXPERIMENTS = {
    "success": a_good_version_goes_live,
    "build": a_build_fails,
    "trial": version_fails(ready_after=None),
    "switch": version_fails(fails_on_data=True),
    "record": the_last_step_fails,
}
# what is wrong, the line of deploy.sh, the wrong line, the experiment that must report it
WRONG = [
    ("tries on the real data", "type=tmpfs,target=/data,tmpfs-size=64m,tmpfs-mode=1777",
     "type=bind,source=$DATA_FOLDER,target=/data", "success"),
    ("does not stop the old one", '    engine stop "$OLD_CONTAINER" >/dev/null ||', "    true ||", "success"),
    ("does not keep the previous image", '    engine tag "$OLD_IMAGE" "$PREVIOUS" ||', "    true ||", "success"),
    ("prunes the previous image", '&& $id != "$previous" ]]', "]]", "success"),
    ("skips the trial", "\n  try_new_version\n", "\n", "trial"),
    ("does not wait on port 80", '  wait_until_ready "$LIVE" "$LIVE_PORT" ||', "  true ||", "switch"),
    ("does not start the old one again", '  insist engine start "$OLD_CONTAINER"', "  true", "switch"),
    ("starts the old one beside the new", '    insist engine rm --force "$newer" >/dev/null || return 1', "    :",
     "switch"),
    ("reports success", '  exit "$status"\n', "  exit 0\n", "build"),
    ("gives no reason", 'fail "the image could not be built"', "exit 1", "build"),
    ("leaves the tags", '  [[ $PHASE == switch ]] || put_old_tags_back\n', "", "record"),
]  # fmt: skip


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_real_script_passes(machine: Machine, experiment: str) -> None:
    EXPERIMENTS[experiment](machine)


@pytest.mark.parametrize("experiment", ["build", "trial", "switch"])
def test_a_script_that_stops_first_is_reported(machine: Machine, tmp_path: Path, experiment: str) -> None:
    with_script(machine, tmp_path, STOPS_FIRST.read_text(), experiment)


@pytest.mark.parametrize(("wrong", "line", "wrong_line", "experiment"), WRONG, ids=[each[0] for each in WRONG])
def test_a_wrong_line_is_reported(
    machine: Machine, tmp_path: Path, wrong: str, line: str, wrong_line: str, experiment: str
) -> None:
    text = (ROOT / "deploy.sh").read_text()
    assert text.count(line) == 1, f"{wrong}: the control no longer matches deploy.sh"
    with_script(machine, tmp_path, text.replace(line, wrong_line), experiment)


def with_script(machine: Machine, tmp_path: Path, text: str, experiment: str) -> None:
    """Run one experiment with another script and expect its check to fail."""
    deployed = machine.checkout / "deploy.sh"
    right = tmp_path / "right.sh"
    shutil.copy(deployed, right)
    deployed.write_text(text)
    try:
        with pytest.raises(AssertionError):
            EXPERIMENTS[experiment](machine)
    finally:
        shutil.copy(right, deployed)
