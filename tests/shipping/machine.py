"""A pretended cloud machine: a checkout, a data folder and a PATH whose docker, curl, git and sudo are stubs."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# A deploy makes some thirty calls, and each starts an interpreter: isolated, without site, from cached bytecode.
FAKE = f'exec "{sys.executable}" -I -S "$FAKE_ENGINE/bin/fake.py"'
FAKE_PROGRAM = f"""\
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import fake_engine
sys.exit(fake_engine.main())
"""
# Two deploys within one second would share a release name, and a test must not depend on that.
CLOCK = """n=$(cat "$FAKE_ENGINE/clock" 2>/dev/null || echo 10)
echo $((n + 1)) > "$FAKE_ENGINE/clock"
echo "20260101T0000${n}Z\""""
STUBS = {
    "docker": f'{FAKE} docker "$@"',
    "curl": f'{FAKE} curl "$@"',
    "date": CLOCK,
    "git": 'if [ "$1" = rev-parse ]; then echo 0123456789ab; fi',
    "sudo": 'while [ "${1#-}" != "$1" ]; do shift; done\nexec "$@"',
}
LIVE, PARKED, TRIAL = "telelink", "telelink-parked", "telelink-trial"
CURRENT, PREVIOUS = "telelink:current", "telelink:previous"


def write_stub(folder: Path, name: str, body: str) -> None:
    """Put an executable shell script called ``name`` into ``folder``."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


class Machine:
    """One machine; what it runs is in ``state``, and ``break_at`` arms faults for the next command."""

    def __init__(self, folder: Path, script: Path = ROOT / "deploy.sh") -> None:
        self.folder = folder
        self.bin, self.checkout, self.home = folder / "bin", folder / "checkout", folder / "home"
        self.data = self.home / "data"
        for each in (self.bin, self.checkout, self.data):
            each.mkdir(parents=True)
        for name, body in STUBS.items():
            write_stub(self.bin, name, body)
        (self.bin / "fake.py").write_text(FAKE_PROGRAM)
        shutil.copy(script, self.checkout / "deploy.sh")
        self.write(
            {
                "images": {}, "tags": {}, "containers": {}, "calls": [], "violations": [], "faults": [], "runs": [],
                "made": 0, "next_build": {}, "cloud": True,
            }
        )  # fmt: skip

    @property
    def state(self) -> dict[str, Any]:
        return json.loads((self.folder / "state.json").read_text())

    def write(self, state: dict[str, Any]) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    def change(self, **parts: Any) -> None:
        self.write({**self.state, **parts})

    def break_at(
        self, step: str | None = None, *, call: int | None = None, mode: str = "before", times: int = 1
    ) -> None:
        """Arm a fault for every step that matches the pattern, or for one call number.

        ``before`` fails without effect, ``after`` fails although the effect took place, ``term`` sends SIGTERM to the
        script, ``kill before`` and ``kill after`` send SIGKILL.
        """
        fault = {"mode": mode, "times": times} | ({"step": step} if step is not None else {"call": call})
        self.change(faults=[*self.state["faults"], fault])

    def deploy(self, *arguments: str, ready_seconds: int = 0, **streams: Any) -> subprocess.CompletedProcess[str]:
        """Run deploy.sh with an empty call list, and disarm what faults are left afterwards."""
        self.change(calls=[], runs=[])
        environment = {
            "PATH": f"{self.bin}:/usr/bin:/bin", "FAKE_ENGINE": str(self.folder), "TELELINK_HOME": str(self.home),
            "TELELINK_READY_SECONDS": str(ready_seconds), "TELELINK_POLL_SECONDS": "0", "LC_ALL": "C",
        }  # fmt: skip
        command = [
            "bash",
            "-c",
            'echo $$ > "$FAKE_ENGINE/pid"; exec "$@"',
            "bash",
            "bash",
            "checkout/deploy.sh",
            *arguments,
        ]
        result = self.run(command, environment, **streams)
        self.change(faults=[])
        return result

    def run(
        self, command: Sequence[str], environment: dict[str, str], **streams: Any
    ) -> subprocess.CompletedProcess[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
            **pipes,
        )

    @property
    def steps(self) -> list[str]:
        """Return what the last command asked the engine and the network for, in order."""
        return self.state["calls"]

    def container(self, name: str) -> dict[str, Any] | None:
        return next((c for c in self.state["containers"].values() if c["name"] == name), None)

    @property
    def serving(self) -> str | None:
        """Return the image that answers on port 80 from the real data folder, if one does."""
        state = self.state
        for container in state["containers"].values():
            behaviour = state["images"][container["image"]]["behaviour"]
            good = not behaviour.get("fails_on_data") and behaviour.get("ready_after", 0) is not None
            if (
                container["running"]
                and container["publish"] == "80:8000"
                and container["data"] == str(self.data)
                and good
            ):
                return str(container["image"])
        return None


def serving_machine(folder: Path, versions: int, script: Path = ROOT / "deploy.sh") -> Machine:
    """Make a machine on which deploy.sh has already succeeded ``versions`` times."""
    machine = Machine(folder, script)
    for _ in range(versions):
        result = machine.deploy()
        assert result.returncode == 0, result.stderr
    return machine


def assert_never_two_writers(machine: Machine) -> None:
    assert machine.state["violations"] == []


def assert_old_version_serves(
    machine: Machine, result: subprocess.CompletedProcess[str], before: dict[str, Any]
) -> None:
    """Check the promise after a failure: an error, its reason in one line, and everything as it was ``before``."""
    assert result.returncode != 0, result.stdout
    last_line = result.stderr.rstrip().splitlines()[-1]
    assert last_line.startswith("deploy.sh: failed: "), result.stderr
    assert "unknown reason" not in last_line
    assert not last_line.removeprefix("deploy.sh: failed: ").startswith("line "), f"no reason in words: {last_line}"
    assert_never_two_writers(machine)
    assert machine.serving == before["tags"].get(CURRENT), machine.steps
    after = machine.state
    assert [c["name"] for c in after["containers"].values()] == [c["name"] for c in before["containers"].values()]
    for tag in (CURRENT, PREVIOUS):
        assert after["tags"].get(tag) == before["tags"].get(tag), tag
    assert after["tags"] == before["tags"], "a failed deploy left tags behind"


def assert_new_version_serves(
    machine: Machine, result: subprocess.CompletedProcess[str], before: dict[str, Any]
) -> None:
    """Check the promise after a success: a new image on port 80, and the one that served before is the previous one."""
    assert result.returncode == 0, result.stderr
    assert_never_two_writers(machine)
    after = machine.state
    old = before["tags"].get(CURRENT)
    assert machine.serving not in (None, old)
    assert after["tags"][CURRENT] == machine.serving
    assert after["tags"].get(PREVIOUS) == old
    running = [c["name"] for c in after["containers"].values() if c["running"]]
    assert running == [LIVE]
