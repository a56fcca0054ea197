"""The measurements on stand-ins: what the benchmark claims about rows fails on a build that answers too early."""

import sys

import pytest

from tests.bench import measure
from tests.bench.report import has_miss, throughput_figures


def measure_stand_in(monkeypatch: pytest.MonkeyPatch, control: str) -> dict[str, float]:
    """Benchmark a control under the service's name."""
    monkeypatch.setattr(measure, "TARGETS", {"service": (sys.executable, "-m", f"tests.controls.{control}")})
    monkeypatch.setattr(measure, "CONNECTIONS", (1, 16))
    monkeypatch.setattr(measure, "REQUESTS_PER_RUN", 2_000)
    return throughput_figures(measure.measure_throughput(["service"], seconds=0.6, cpu=None))


def test_a_right_build_has_a_row_for_every_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = measure_stand_in(monkeypatch, "tiny_service")
    assert (figures["answers_without_row"], figures["rows_beyond_answers"], figures["failures"]) == (0, 0, 0)


def test_answers_before_their_commit_are_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = measure_stand_in(monkeypatch, "answers_before_commit")
    assert figures["answers_without_row"] > 0
    assert has_miss(figures)


def test_no_two_requests_are_of_one_customer() -> None:
    requests = measure.fresh_requests(300) + measure.fresh_requests(300)
    assert len(set(requests)) == 600
