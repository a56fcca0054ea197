"""The report's verdicts: the limit itself passes, a figure nobody measured is not claimed."""

from collections import Counter

import pytest

from tests.bench.load import LoadResult
from tests.bench.measure import CONNECTIONS, Throughput
from tests.bench.report import BARS, bar_table, has_miss, load_table, page, throughput_figures


def throughput(name: str, answers: int, without_row: int | None = None) -> Throughput:
    """Give a target that answered so many requests in one second, each in 2 ms."""
    run = {
        count: LoadResult(count, seconds=1.0, latencies_seconds=[0.002] * answers, statuses=Counter({200: answers}))
        for count in CONNECTIONS
    }
    return Throughput(name, run, without_row, None if without_row is None else 0)


MEASURED = [throughput("naive", 20), throughput("floor", 1000), throughput("service", 500, without_row=0)]


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar.figure)
def test_the_limit_passes_and_just_beyond_it_misses(bar) -> None:
    beyond = bar.limit * 0.99 if bar.at_least else bar.limit * 1.01 + 0.01
    assert not has_miss({bar.figure: bar.limit})
    assert has_miss({bar.figure: beyond})
    assert "MISS" in bar_table({bar.figure: beyond})


def test_ratios_are_between_the_loaded_runs() -> None:
    figures = throughput_figures(MEASURED)
    assert figures["service_over_naive"] == 25
    assert figures["service_over_floor"] == 0.5
    assert figures["service_p99_ms"] == pytest.approx(2)
    assert (figures["failures"], figures["answers_without_row"], figures["rows_beyond_answers"]) == (0, 0, 0)
    assert not has_miss(figures)


def test_an_answer_without_a_row_is_a_miss() -> None:
    assert has_miss(throughput_figures([throughput("service", 500, without_row=1)]))


def test_what_was_not_measured_is_not_claimed() -> None:
    figures = throughput_figures(MEASURED[1:])
    assert "service_over_naive" not in figures
    text = page("scripts/bench", "2000-01-01", [], {"batch_seconds": 1.0})
    assert "naive, requests/s" not in text
    assert "Under load" not in text
    assert "PASS" in text


def test_the_tables_are_markdown() -> None:
    for text in (load_table(MEASURED), bar_table(throughput_figures(MEASURED))):
        lines = text.splitlines()
        assert {line.count("|") for line in lines} == {lines[0].count("|")}
        assert set(lines[1]) == {"|", "-"}
