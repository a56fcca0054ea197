"""What can be said of the image without an engine: its instructions, and what may enter the build."""

import json
import re
from pathlib import Path

import pytest

from tests.shipping.dockerfile import (
    Stage,
    charts_copy,
    command,
    copied_sources,
    environment,
    make_service_folder,
    stages,
)
from tests.shipping.machine import ROOT

FINAL = stages()[-1]


def problems(text: str) -> list[str]:
    """Name what is wrong with a Dockerfile's last stage."""
    final = stages(text)[-1]
    copies = " ".join(final.arguments("COPY"))
    runs = " ".join(final.arguments("RUN"))
    found = {
        "user is not numeric": not re.fullmatch(r"[1-9]\d*:[1-9]\d*", (final.arguments("USER") or [""])[-1]),
        "user is not the last word": "RUN" in [word for word, _ in final.instructions[last(final, "USER") :]],
        "command is not in exec form": not (final.arguments("CMD") or [""])[-1].startswith("["),
        "no health check": not final.arguments("HEALTHCHECK"),
        "installs packages": bool(re.search(r"\b(apt|apt-get|apk|dnf|pip|gcc|make|curl|wget)\b", runs)),
        "copies the whole checkout": bool(re.search(r"(^| )\. ", copies)),
        "copies tests or training": bool(re.search(r"\b(tests|training|requirements-dev)\b", copies)),
        "adds from an address": bool(final.arguments("ADD")),
        "one stage only": len(stages(text)) < 2,
        "floating base": not re.search(r"python:3\.\d+-slim-\w+", text),
        "floating Node.js": not re.search(r"FROM node:\d+-\w+-slim AS charts\n", text),
        "charts without their lock": not re.search(r"RUN npm ci --omit=dev --ignore-scripts\b", text),
        "Node.js in the image": "node_modules" in copies,
    }
    return [name for name, wrong in found.items() if wrong]


def last(stage: Stage, word: str) -> int:
    places = [number for number, (each, _) in enumerate(stage.instructions) if each == word]
    return places[-1] if places else 0


def test_the_last_stage_has_nothing_wrong() -> None:
    assert problems((ROOT / "Dockerfile").read_text()) == []


@pytest.mark.parametrize(
    ("line", "wrong_line", "problem"),
    [
        ("USER 10001:10001\n", "USER telelink\n", "user is not numeric"),
        ("USER 10001:10001\n", "", "user is not numeric"),
        ("USER 10001:10001\n", "USER 0:0\n", "user is not numeric"),
        ("EXPOSE 8000\n", "RUN apt-get install -y gcc\n", "installs packages"),
        ("USER 10001:10001\n", "USER 10001:10001\nRUN true\n", "user is not the last word"),
        ('CMD ["python", "backend.py"]', "CMD python backend.py", "command is not in exec form"),
        ("HEALTHCHECK --interval=30s", "LABEL health=30s", "no health check"),
        ("COPY --from=files /srv/telelink ./", "COPY . ./", "copies the whole checkout"),
        ("EXPOSE 8000", "COPY tests/ tests/", "copies tests or training"),
        ("python:3.13-slim-trixie", "python:latest", "floating base"),
        ("node:24-trixie-slim", "node:latest", "floating Node.js"),
        ("npm ci --omit=dev", "npm install", "charts without their lock"),
        ("EXPOSE 8000", "COPY --from=charts /build/node_modules node_modules", "Node.js in the image"),
    ],
)
def test_a_wrong_dockerfile_is_reported(line: str, wrong_line: str, problem: str) -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert line in text
    assert problem in problems(text.replace(line, wrong_line))


def test_the_lock_is_installed_with_its_hashes_as_wheels_only() -> None:
    install = next(run for stage in stages() for run in stage.arguments("RUN") if "pip" in run)
    for option in (
        "--require-hashes",
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
        "-r requirements.txt",
        "check",
    ):
        assert option in install


def test_the_chart_library_is_the_locked_one_and_lies_where_pages_load_it(tmp_path: Path) -> None:
    source, place = charts_copy()
    assert place == "static/vendor/echarts.js"
    assert source == "node_modules/echarts/dist/echarts.esm.min.js"
    assert f"$folder/{source}" in (ROOT / "scripts" / "environment.sh").read_text(), "a checkout has another file"
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert not [name for name, package in locked.items() if "resolved" in package]
    make_service_folder(tmp_path / "service")
    fetched = ROOT / "static" / "vendor"
    assert [file.name for file in (tmp_path / "service" / "static").glob("vendor/*")] == (
        ["echarts.js"] if fetched.exists() else []
    ), "a checkout's own copy must not enter the build"


def test_the_container_is_told_where_to_listen_and_where_to_write() -> None:
    told = environment()
    assert (
        told.items() >= {"HOST": "0.0.0.0", "PORT": "8000", "DATA_DIR": "/data", "PYTHONDONTWRITEBYTECODE": "1"}.items()
    )
    assert json.loads(FINAL.arguments("VOLUME")[0]) == [told["DATA_DIR"]]
    assert FINAL.arguments("EXPOSE") == [told["PORT"]]
    assert command() == ["python", "backend.py"]


def test_the_model_runtime_is_told_not_to_report_to_its_maker() -> None:
    assert environment()["ORT_DISABLE_TELEMETRY"] == "1"


def test_the_health_check_asks_readyz_without_a_shell_or_curl() -> None:
    options, _, form = FINAL.arguments("HEALTHCHECK")[0].partition("CMD ")
    program = json.loads(form)
    assert program[:2] == ["python", "-c"]
    assert "/readyz" in program[2]
    assert re.search(r"--timeout=(\d+)s", options)


def test_every_served_file_is_let_into_the_build_and_nothing_private_is() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    let_in = {line.removeprefix("!").rstrip("/") for line in lines if line.startswith("!")}
    for_other_stages = {"requirements.txt", "package.json", "package-lock.json"}
    assert let_in == {source.rstrip("/") for source, _ in copied_sources()} | for_other_stages
    assert not let_in & {"data", ".git", ".venv", "tests", "training", ".env"}


def test_the_user_the_data_folder_and_the_port_are_the_same_in_every_file() -> None:
    uid = FINAL.arguments("USER")[0].split(":")[0]
    deploy, setup = ((ROOT / name).read_text() for name in ("deploy.sh", "setup-ec2.sh"))
    assert f"SERVICE_ID={uid} " in setup
    assert f"-o {uid} -g {uid} -m 0700 {environment()['DATA_DIR']}" in " ".join(FINAL.arguments("RUN"))
    default = "HOME_FOLDER=${TELELINK_HOME:-/var/lib/telelink}"
    assert default in deploy
    assert default in setup
    assert f"target={environment()['DATA_DIR']}" in deploy
    assert f"$LIVE_PORT:{environment()['PORT']}" in deploy


@pytest.mark.parametrize("name", ["deploy.sh", "setup-ec2.sh"])
def test_a_shell_script_stops_at_the_first_error_and_can_be_run(name: str) -> None:
    file: Path = ROOT / name
    text = file.read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text
    assert file.stat().st_mode & 0o111
