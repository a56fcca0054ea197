"""What deploy.sh does when the engine does its part: order, options, versions kept, way back, refusals."""

import fcntl
import os
import re
import subprocess
import time

import pytest

from tests.shipping.machine import (
    CURRENT,
    LIVE,
    PREVIOUS,
    ROOT,
    Machine,
    assert_never_two_writers,
    assert_new_version_serves,
    assert_old_version_serves,
    write_stub,
)


def test_a_first_deploy_serves_on_port_80_and_has_nothing_to_go_back_to(new_machine: Machine) -> None:
    before = new_machine.state
    result = new_machine.deploy()
    assert_new_version_serves(new_machine, result, before)
    assert PREVIOUS not in new_machine.state["tags"]


def test_the_new_version_is_built_and_tried_before_the_old_one_is_touched(machine: Machine) -> None:
    before = machine.state
    assert_new_version_serves(machine, machine.deploy(), before)
    story = [
        "build", "run telelink-trial", "ready 8001", "rm telelink-trial", "rename telelink-parked",
        "stop telelink-parked", "run telelink", "ready 80", "tag telelink:previous", "tag telelink:current",
        "rm telelink-parked",
    ]  # fmt: skip
    assert [step for step in machine.steps if step in story] == story


def test_trial_and_real_start_differ_in_name_address_and_data_folder_only(machine: Machine) -> None:
    machine.deploy()
    trial, real = machine.state["runs"]
    different = {a for pair in zip(trial, real, strict=True) if len(set(pair)) > 1 for a in pair}
    assert different == {
        "telelink-trial", "telelink", "127.0.0.1:8001:8000", "80:8000",
        "type=tmpfs,target=/data,tmpfs-size=64m,tmpfs-mode=1777", f"type=bind,source={machine.data},target=/data",
    }  # fmt: skip


@pytest.mark.parametrize(
    "option",
    [
        "--read-only", "--tmpfs /tmp:rw,noexec,nosuid,nodev,size=64m", "--cap-drop ALL", "--memory-swap 800m",
        "--security-opt no-new-privileges", "--memory 800m", "--pids-limit 256", "--restart unless-stopped",
        "--stop-timeout 30", "--log-opt max-size=10m", "--log-opt max-file=5",
    ],
)  # fmt: skip
def test_the_service_runs_with(option: str, deployed_twice: Machine) -> None:
    assert option in " ".join(deployed_twice.state["runs"][-1])


def test_the_engine_waits_longer_for_a_stop_than_the_service_takes() -> None:
    from app.settings import Settings

    stop_timeout = re.search(r"--stop-timeout (\d+)", (ROOT / "deploy.sh").read_text())
    assert stop_timeout
    assert int(stop_timeout[1]) > Settings.model_fields["shutdown_seconds"].default


def test_each_further_deploy_keeps_exactly_one_previous_image(machine: Machine) -> None:
    for _ in range(3):
        before = machine.state
        assert_new_version_serves(machine, machine.deploy(), before)
        kept = machine.state
        assert set(kept["images"]) == {kept["tags"][CURRENT], kept["tags"][PREVIOUS]}


def test_the_same_image_again_does_not_push_the_previous_version_out(machine: Machine) -> None:
    before = machine.state
    machine.change(next_build={"image": before["tags"][CURRENT]})
    result = machine.deploy()
    assert result.returncode == 0, result.stderr
    assert machine.serving == before["tags"][CURRENT]
    assert machine.state["tags"][PREVIOUS] == before["tags"][PREVIOUS]


def test_a_removed_container_is_replaced_and_its_image_becomes_the_previous_one(machine: Machine) -> None:
    machine.change(containers={})
    before = machine.state
    assert_new_version_serves(machine, machine.deploy(), before)


def test_a_slow_version_is_waited_for(machine: Machine) -> None:
    before = machine.state
    machine.change(next_build={"ready_after": 3})
    assert_new_version_serves(machine, machine.deploy(ready_seconds=30), before)
    assert machine.steps.count("ready 8001") == 4


def test_a_crashing_version_is_given_up_without_waiting_for_the_deadline(machine: Machine) -> None:
    before = machine.state
    machine.change(next_build={"crashes": True})
    started = time.monotonic()
    result = machine.deploy(ready_seconds=50)
    assert_old_version_serves(machine, result, before)
    assert time.monotonic() - started < 25
    assert "a line of the container's log" in result.stderr


def test_rollback_puts_the_previous_image_back_without_building(machine: Machine) -> None:
    before = machine.state
    result = machine.deploy("--rollback")
    assert_new_version_serves(machine, result, before)
    assert machine.serving == before["tags"][PREVIOUS]
    assert "build" not in machine.steps
    assert "ready 8001" in machine.steps
    release = before["images"][before["tags"][PREVIOUS]]["labels"]["telelink.release"]
    assert f"serving {release} at" in result.stdout


def test_rollback_of_a_rollback_goes_forward_again(machine: Machine) -> None:
    before = machine.state
    for _ in range(2):
        assert machine.deploy("--rollback").returncode == 0
    assert machine.serving == before["tags"][CURRENT]
    assert machine.state["tags"][PREVIOUS] == before["tags"][PREVIOUS]


def test_rollback_without_a_previous_version_says_so_and_touches_nothing(new_machine: Machine) -> None:
    assert new_machine.deploy().returncode == 0
    before = new_machine.state
    result = new_machine.deploy("--rollback")
    assert_old_version_serves(new_machine, result, before)
    assert "there is no previous version to go back to" in result.stderr
    assert not [step for step in new_machine.steps if step.startswith(("run", "stop", "rename"))]


def test_a_second_service_on_the_data_folder_is_refused(machine: Machine) -> None:
    state = machine.state
    stranger = dict(next(iter(state["containers"].values())), id="f" * 64, name="by-hand", port=9000)
    state["containers"] = {**state["containers"], stranger["id"]: stranger}
    machine.write(state)
    result = machine.deploy()
    assert_old_version_serves(machine, result, state)
    assert "container ffffffffffff also uses" in result.stderr
    assert "build" not in machine.steps


def test_two_deploys_never_run_at_once(machine: Machine) -> None:
    before = machine.state
    folder = os.open(machine.home, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        result = machine.deploy()
    finally:
        os.close(folder)
    assert_old_version_serves(machine, result, before)
    assert "another deploy is running" in result.stderr
    assert machine.steps == []


def test_a_user_outside_the_docker_group_deploys_through_sudo(machine: Machine) -> None:
    before = machine.state
    docker, sudo = (machine.bin / name for name in ("docker", "sudo"))
    stubs = {stub: stub.read_text() for stub in (docker, sudo)}
    write_stub(machine.bin, "docker", '[ -n "$AS_ROOT" ] || exit 1\n' + stubs[docker].removeprefix("#!/bin/sh\n"))
    write_stub(machine.bin, "sudo", "export AS_ROOT=1\n" + stubs[sudo].removeprefix("#!/bin/sh\n"))
    try:
        assert_new_version_serves(machine, machine.deploy(), before)
    finally:
        for stub, text in stubs.items():
            stub.write_text(text)


def test_the_address_comes_from_the_metadata_service_with_a_token(machine: Machine) -> None:
    assert "at http://203.0.113.7/" in machine.deploy().stdout
    assert machine.steps[-2:] == ["address latest/api/token", "address latest/meta-data/public-ipv4"]


def test_without_a_metadata_service_the_host_name_is_printed(machine: Machine) -> None:
    machine.change(cloud=False)
    assert f"at http://{os.uname().nodename}/" in machine.deploy().stdout


def test_a_reader_that_goes_away_does_not_end_the_deploy(machine: Machine) -> None:
    before = machine.state
    read, write = os.pipe()
    os.close(read)
    result = machine.deploy(stdout=write, stderr=write)
    os.close(write)
    assert_new_version_serves(machine, result, before)


def test_a_missing_data_folder_names_the_script_that_makes_it(new_machine: Machine) -> None:
    new_machine.data.rmdir()
    before = new_machine.state
    result = new_machine.deploy()
    assert_old_version_serves(new_machine, result, before)
    assert "run: bash setup-ec2.sh" in result.stderr


def test_help_tells_both_uses_and_changes_nothing(machine: Machine) -> None:
    result = machine.deploy("--help")
    assert result.returncode == 0
    assert "--rollback" in result.stdout
    assert machine.steps == []


@pytest.mark.parametrize("arguments", [["--roll-back"], ["--rollback", "now"]])
def test_an_unknown_argument_is_refused(machine: Machine, arguments: list[str]) -> None:
    result: subprocess.CompletedProcess[str] = machine.deploy(*arguments)
    assert (result.returncode, machine.steps) == (2, [])
    assert "Usage: ./deploy.sh" in result.stderr


def test_the_live_container_keeps_its_name_over_deploys_and_rollbacks(machine: Machine) -> None:
    for arguments in ([], ["--rollback"], []):
        assert machine.deploy(*arguments).returncode == 0
        assert [c["name"] for c in machine.state["containers"].values()] == [LIVE]
    assert_never_two_writers(machine)
