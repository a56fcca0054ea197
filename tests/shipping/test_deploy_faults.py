"""Whatever step of a deploy or a rollback fails, the version that served before serves, and the reason is printed."""

import time
from typing import Any

import pytest

from tests.shipping.machine import (
    CURRENT,
    LIVE,
    PREVIOUS,
    TRIAL,
    Machine,
    assert_never_two_writers,
    assert_new_version_serves,
    assert_old_version_serves,
)

DATA_USERS = "ps volume=.*"
# step to break, how often, words of the reason
STEPS_OF_BOTH = [
    ("info", 2, "the Docker engine does not answer"),
    (r"ps name=\^telelink-parked\$", 1, "containers could not be listed"),
    (r"ps name=\^telelink\$", 1, "the running version could not be looked up"),
    ("inspect", 1, "the image of the running version could not be looked up"),
    ("image ls telelink:current", 1, "the current image could not be looked up"),
    ("image ls telelink:previous", 1, "the previous image could not be looked up"),
    (DATA_USERS, 1, "could not be listed"),
    ("run telelink-trial", 1, "could not be started on the trial port"),
    ("ready 8001", 9, "was not ready on the trial port"),
    ("rm telelink-trial", 1, "the trial container could not be removed"),
    ("rename telelink-parked", 1, "the old container could not be renamed"),
    ("stop telelink-parked", 1, "the old version could not be stopped"),
    ("run telelink", 1, "could not be started on port 80"),
    ("ready 80", 1, "was not ready on port 80"),
    ("tag telelink:previous", 1, "could not be kept"),
    ("tag telelink:current", 1, "could not be marked"),
]
STEPS_OF_A_DEPLOY = [
    *STEPS_OF_BOTH,
    ("build", 1, "the image could not be built"),
    ("image ls telelink:2026.*", 1, "the built image could not be looked up"),
]
STEPS_OF_A_ROLLBACK = [*STEPS_OF_BOTH, ("image inspect .*", 1, "the previous image could not be read")]
# Steps whose failure does not stop a deploy: they repeat, tidy up, or only inform.
DISPENSABLE = ("info", "rm telelink-parked", "image ls telelink", "image rm", "address")


@pytest.mark.parametrize(("step", "times", "reason"), STEPS_OF_A_DEPLOY)
def test_a_step_of_a_deploy_fails(machine: Machine, step: str, times: int, reason: str) -> None:
    before = machine.state
    machine.break_at(step, times=times)
    result = machine.deploy()
    assert_old_version_serves(machine, result, before)
    assert reason in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(("step", "times", "reason"), STEPS_OF_A_ROLLBACK)
def test_a_step_of_a_rollback_fails(machine: Machine, step: str, times: int, reason: str) -> None:
    before = machine.state
    machine.break_at(step, times=times)
    result = machine.deploy("--rollback")
    assert_old_version_serves(machine, result, before)
    assert reason in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"start_fails": True}, "could not be started on the trial port"),
        ({"ready_after": None}, "was not ready on the trial port"),
        ({"crashes": True}, "was not ready on the trial port"),
        ({"fails_on_data": True}, "was not ready on port 80"),
    ],
)
def test_a_bad_version_is_never_left_on_port_80(machine: Machine, behaviour: dict[str, Any], reason: str) -> None:
    before = machine.state
    machine.change(next_build=behaviour)
    result = machine.deploy()
    assert_old_version_serves(machine, result, before)
    assert reason in result.stderr.splitlines()[-1]
    if "port 80" not in reason:
        assert "stop telelink-parked" not in machine.steps


def test_waiting_for_a_version_that_never_gets_ready_is_bounded(machine: Machine) -> None:
    before = machine.state
    machine.change(next_build={"ready_after": None})
    started = time.monotonic()
    assert_old_version_serves(machine, machine.deploy(ready_seconds=1), before)
    assert time.monotonic() - started < 20


def test_port_80_taken_by_another_program_fails_a_first_deploy(new_machine: Machine) -> None:
    new_machine.break_at("run telelink", mode="after")
    before = new_machine.state
    result = new_machine.deploy()
    assert_old_version_serves(new_machine, result, before)
    assert "nothing served before and nothing serves now" in result.stderr


def test_a_step_of_a_first_deploy_fails(new_machine: Machine) -> None:
    before = new_machine.state
    for step in ("build", "run telelink-trial", "run telelink", "ready 80", "tag telelink:current"):
        new_machine.break_at(step, mode="after")
        result = new_machine.deploy()
        assert_old_version_serves(new_machine, result, before)
        assert (new_machine.state["images"], new_machine.serving) == ({}, None)


@pytest.mark.parametrize(
    ("arguments", "mode"), [((), "before"), ((), "after"), ((), "term"), (("--rollback",), "after")]
)
def test_each_single_call_fails_or_is_interrupted(machine: Machine, arguments: tuple[str, ...], mode: str) -> None:
    before = machine.state
    assert machine.deploy(*arguments).returncode == 0
    calls = machine.steps
    assert len(calls) >= 20
    failed = 0
    for call, step in enumerate(calls):
        machine.write(before)
        machine.break_at(call=call, mode=mode)
        result = machine.deploy(*arguments)
        if result.returncode == 0:
            assert mode != "term"
            assert step.startswith(DISPENSABLE), f"the failure of {step} was ignored"
            assert_new_version_serves(machine, result, before)
        elif step.startswith(DISPENSABLE) and "the new version serves all the same" in result.stderr:
            assert mode == "term"
            assert machine.serving == machine.state["tags"][CURRENT] != before["tags"][CURRENT]
        else:
            assert_old_version_serves(machine, result, before)
            failed += 1
    assert failed >= 12


def test_a_deploy_killed_at_any_call_is_repaired_by_the_next_one(machine: Machine) -> None:
    before = machine.state
    assert machine.deploy().returncode == 0
    for call, step in enumerate(machine.steps):
        machine.write(before)
        machine.break_at(call=call, mode="kill after")
        assert machine.deploy().returncode == -9
        assert_never_two_writers(machine)
        # The repair must not depend on the next version being any good.
        machine.break_at("build")
        assert machine.deploy().returncode == 1, step
        assert_never_two_writers(machine)
        assert machine.serving == machine.state["tags"][CURRENT], step
        assert [c["name"] for c in machine.state["containers"].values()] == [LIVE], step
        assert machine.state["tags"][PREVIOUS] in (before["tags"][PREVIOUS], before["tags"][CURRENT])


def test_putting_the_old_version_back_survives_one_more_failure(machine: Machine) -> None:
    before = machine.state
    machine.change(next_build={"fails_on_data": True})
    assert machine.deploy().returncode == 1
    calls = machine.steps
    first_undo = calls.index("ready 80") + 1
    assert len(calls) - first_undo >= 7
    for call in range(first_undo, len(calls)):
        machine.write(before)
        machine.change(next_build={"fails_on_data": True})
        machine.break_at(call=call)
        result = machine.deploy()
        assert result.returncode == 1
        assert_never_two_writers(machine)
        assert machine.serving == before["tags"][CURRENT], calls[call]
        assert machine.container(TRIAL) is None


def test_a_new_container_that_cannot_be_removed_keeps_the_old_one_off_the_data(machine: Machine) -> None:
    machine.change(next_build={"fails_on_data": True})
    machine.break_at("stop telelink", times=9)
    machine.break_at("rm telelink", times=9)
    result = machine.deploy()
    assert result.returncode == 1
    assert_never_two_writers(machine)
    assert "THE OLD VERSION COULD NOT BE PUT BACK" in result.stderr.splitlines()[-1]
    assert machine.deploy().returncode == 1, "the next run still has the bad version to build"
    machine.change(next_build={})
    assert machine.deploy().returncode == 0
    assert_never_two_writers(machine)
