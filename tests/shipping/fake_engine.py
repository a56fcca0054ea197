"""A small Docker engine and its HTTP neighbours in one JSON file, for scripts that only see ``docker`` and ``curl``.

It keeps images, tags and containers, refuses what the real engine refuses (a taken name or port, an unknown option,
removing a running container), and records a violation when two running containers share one bind-mounted folder.
Faults are armed by step name or by call number, see ``Machine.break_at``.
"""

import fcntl
import json
import os
import re
import signal
import sys
from pathlib import Path

State = dict
Container = dict
FOLDER = Path(os.environ.get("FAKE_ENGINE", "."))
RUN_OPTIONS = {
    "--name", "--publish", "--mount", "--label", "--tmpfs", "--cap-drop", "--security-opt", "--pids-limit", "--memory",
    "--memory-swap", "--restart", "--stop-timeout", "--log-driver", "--log-opt",
}  # fmt: skip
RUN_FLAGS = {"--detach", "--read-only"}


class RefusedError(Exception):
    """What the command prints on stderr before it exits with the given status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def find(state: State, reference: str) -> Container:
    for container in state["containers"].values():
        if reference in (container["id"], container["name"]):
            return container
    raise RefusedError(f"No such container: {reference}")


def image_of(state: State, reference: str) -> str:
    image = state["tags"].get(reference, reference)
    if image not in state["images"]:
        raise RefusedError(f"No such image: {reference}")
    return image


def options(arguments: list[str], valued: set[str], flags: set[str]) -> tuple[dict[str, list[str]], list[str]]:
    seen: dict[str, list[str]] = {}
    rest = list(arguments)
    while rest and rest[0].startswith("--"):
        option = rest.pop(0)
        if option not in valued | flags:
            raise RefusedError(f"unknown flag: {option}", 125)
        seen.setdefault(option, []).append(rest.pop(0) if option in valued else "")
    return seen, rest


def launch(state: State, container: Container) -> None:
    if container["running"]:
        return
    for other in state["containers"].values():
        if not other["running"] or other is container:
            continue
        if container["data"] and other["data"] == container["data"]:
            state["violations"].append(f"{container['name']} and {other['name']} both run on {container['data']}")
        if other["port"] == container["port"]:
            raise RefusedError(f"port {container['port']} is already allocated", 125)
    if state["images"][container["image"]]["behaviour"].get("start_fails"):
        raise RefusedError("OCI runtime create failed", 127)
    container.update(running=True, status="running", restarts=0, polls=0)


def docker_run(state: State, arguments: list[str]) -> str:
    state["runs"].append(arguments)
    seen, rest = options(arguments, RUN_OPTIONS, RUN_FLAGS)
    name = seen["--name"][0]
    if any(other["name"] == name for other in state["containers"].values()):
        raise RefusedError(f"the container name {name} is already in use", 125)
    mount = dict(part.split("=", 1) for part in seen["--mount"][0].split(","))
    data = mount.get("source", "") if mount["type"] == "bind" else ""
    if data and not Path(data).is_dir():
        raise RefusedError(f"bind source path does not exist: {data}", 125)
    state["made"] += 1
    container = {
        "id": f"{state['made']:064x}", "name": name, "image": image_of(state, rest[0]), "running": False,
        "status": "created", "restarts": 0, "polls": 0, "data": data, "target": mount["target"],
        "port": int(seen["--publish"][0].split(":")[-2]), "publish": seen["--publish"][0],
    }  # fmt: skip
    state["containers"][container["id"]] = container
    launch(state, container)
    return container["id"]


def docker_build(state: State, arguments: list[str]) -> str:
    seen, rest = options(arguments, {"--tag", "--label"}, {"--pull"})
    if rest != ["."] or not Path("deploy.sh").exists():
        raise RefusedError("the build must run in the checkout")
    plan = dict(state["next_build"])
    image = plan.pop("image", "") or f"sha256:{state['made'] + 1:064x}"
    state["made"] += 1
    labels = dict(label.split("=", 1) for label in seen.get("--label", []))
    state["images"].setdefault(image, {"behaviour": plan, "labels": labels})
    state["tags"][seen["--tag"][0]] = image
    return ""


def docker_ps(state: State, arguments: list[str]) -> str:
    seen, _ = options(arguments, {"--filter"}, {"--quiet", "--no-trunc", "--all"})
    key, value = seen["--filter"][0].split("=", 1)
    chosen = [c for c in state["containers"].values() if c["running"] or "--all" in seen]
    if key == "name":
        chosen = [c for c in chosen if re.search(value, c["name"])]
    else:
        chosen = [c for c in chosen if value in (c["data"], c["target"])]
    return "\n".join(c["id"] for c in chosen)


def docker_inspect(state: State, arguments: list[str]) -> str:
    container = find(state, arguments[2])
    return {"{{.Image}}": container["image"]}.get(arguments[1], f"{container['status']} {container['restarts']}")


def docker_rm(state: State, arguments: list[str]) -> str:
    container = find(state, arguments[-1])
    if container["running"] and "--force" not in arguments:
        raise RefusedError("cannot remove a running container")
    del state["containers"][container["id"]]
    return container["id"]


def docker_rename(state: State, arguments: list[str]) -> str:
    if any(other["name"] == arguments[1] for other in state["containers"].values()):
        raise RefusedError(f"the container name {arguments[1]} is already in use")
    find(state, arguments[0])["name"] = arguments[1]
    return ""


def docker_stop(state: State, arguments: list[str]) -> str:
    find(state, arguments[0]).update(running=False, status="exited")
    return arguments[0]


def docker_start(state: State, arguments: list[str]) -> str:
    launch(state, find(state, arguments[0]))
    return arguments[0]


def docker_tag(state: State, arguments: list[str]) -> str:
    state["tags"][arguments[1]] = image_of(state, arguments[0])
    return ""


def docker_image(state: State, arguments: list[str]) -> str:
    verb, last = arguments[0], arguments[-1]
    if verb == "inspect":
        return state["images"][image_of(state, last)]["labels"].get("telelink.release", "")
    if verb == "ls":
        tags = {tag: image for tag, image in state["tags"].items() if last in (tag, tag.split(":")[0])}
        return "\n".join(image if "--quiet" in arguments else f"{image} {tag}" for tag, image in tags.items())
    image = image_of(state, last)
    if list(state["tags"].values()).count(image) == 1:
        if any(c["image"] == image for c in state["containers"].values()):
            raise RefusedError(f"conflict: {last} is used by a container")
        del state["images"][image]
    del state["tags"][last]
    return ""


DOCKER = {
    "build": docker_build, "image": docker_image, "info": lambda *_: "", "inspect": docker_inspect,
    "logs": lambda *_: "a line of the container's log", "ps": docker_ps, "rename": docker_rename, "rm": docker_rm,
    "run": docker_run, "start": docker_start, "stop": docker_stop, "tag": docker_tag,
}  # fmt: skip


def ready(state: State, port: int) -> str:
    for container in state["containers"].values():
        if not container["running"] or container["port"] != port:
            continue
        behaviour = state["images"][container["image"]]["behaviour"]
        container["polls"] += 1
        if behaviour.get("crashes"):
            container.update(restarts=container["restarts"] + 1, status="restarting")
        elif container["data"] and behaviour.get("fails_on_data"):
            raise RefusedError("503", 22)
        elif behaviour.get("ready_after", 0) is not None and container["polls"] > behaviour.get("ready_after", 0):
            return ""
        raise RefusedError("503", 22)
    raise RefusedError("connection refused", 7)


def curl(state: State, arguments: list[str]) -> str:
    url = arguments[-1]
    if url.endswith("/readyz"):
        return ready(state, int(url.split(":")[2].split("/")[0]))
    if not state["cloud"]:
        raise RefusedError("connection timed out", 28)
    if url.endswith("/api/token"):
        if "PUT" not in arguments or not any(a.startswith("X-aws-ec2-metadata-token-ttl-seconds:") for a in arguments):
            raise RefusedError("405", 22)
        return "a-token"
    if "X-aws-ec2-metadata-token: a-token" not in arguments:
        raise RefusedError("401", 22)
    return "203.0.113.7"


def step_name(state: State, program: str, arguments: list[str]) -> str:
    """Name a call by what it does, so that a test can say which step is to fail."""
    if program == "curl":
        path = arguments[-1].split("/", 3)
        return f"ready {path[2].split(':')[1]}" if path[3] == "readyz" else f"address {path[3]}"
    verb = arguments[0]
    if verb == "run":
        return f"run {arguments[arguments.index('--name') + 1]}"
    if verb in ("stop", "start", "rm"):
        reference = arguments[-1]
        return f"{verb} {state['containers'].get(reference, {'name': reference})['name']}"
    if verb == "ps":
        return f"ps {arguments[-1]}"
    if verb == "image":
        return f"image {arguments[1]} {arguments[-1]}"
    return f"{verb} {arguments[-1]}" if verb in ("rename", "tag") else verb


def armed_fault(state: State, step: str) -> str:
    for fault in state["faults"]:
        here = fault.get("call") == len(state["calls"]) or re.fullmatch(fault.get("step", "(?!)"), step)
        if here and fault["times"] > 0:
            fault["times"] -= 1
            return str(fault["mode"])
    return ""


def perform(state: State, program: str, arguments: list[str]) -> str:
    if program == "curl":
        return curl(state, arguments)
    if arguments[0] not in DOCKER:
        raise RefusedError(f"unknown command: {arguments[0]}")
    return DOCKER[arguments[0]](state, arguments[1:])


def main() -> int:
    program, arguments = sys.argv[1], sys.argv[2:]
    file = FOLDER / "state.json"
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads(file.read_text())
        step = step_name(state, program, arguments)
        mode = armed_fault(state, step)
        state["calls"].append(step)
        output, status = "", 0
        if mode in ("before", "kill before"):
            output, status = "injected failure", 1
        else:
            try:
                output = perform(state, program, arguments)
            except RefusedError as refusal:
                output, status = str(refusal), refusal.status
            if mode == "after":
                output, status = "injected failure after the effect", 1
        file.write_text(json.dumps(state))
    if mode.startswith("kill"):
        os.kill(int((FOLDER / "pid").read_text()), signal.SIGKILL)
    elif mode == "term":
        os.kill(int((FOLDER / "pid").read_text()), signal.SIGTERM)
    if output:
        print(output, file=sys.stderr if status else sys.stdout)
    return status
