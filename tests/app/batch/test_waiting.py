import time
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import NoReturn

import pytest

from app.batch.waiting import in_order, result_of


class LostError(Exception):
    pass


def lost() -> NoReturn:
    raise LostError


def test_a_slow_result_is_waited_for() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert result_of(pool.submit(time.sleep, 0.7), 1, lost) is None


def test_a_process_that_is_gone_is_noticed_though_its_result_never_comes() -> None:
    with pytest.raises(LostError):
        result_of(Future(), 1, lost)


def done(value: int) -> "Future[int]":
    future: Future[int] = Future()
    future.set_result(value)
    return future


def test_a_few_parts_are_kept_ahead_and_come_back_in_their_order() -> None:
    submitted: list[int] = []

    def submit(part: int) -> "Future[int]":
        submitted.append(part)
        return done(part * part)

    results = in_order(submit, iter(range(5)), 1, lost)
    assert next(results) == (0, 0)
    assert submitted == [0, 1]
    assert list(results) == [(1, 1), (2, 4), (3, 9), (4, 16)]
    assert list(in_order(submit, iter(()), 1, lost)) == []
