import time
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import NoReturn

import pytest

from app.batch.waiting import result_of


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
