"""Explanations wait in a queue that has an end."""

import threading
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from app.errors import ExplanationsBusy
from app.explanations.service import ExplanationService
from tests.factories import a_customer

ROOM = 66
"""Two that are worked out, and 64 that wait."""


def a_service() -> ExplanationService:
    nothing: Any = SimpleNamespace()
    return ExplanationService(nothing, nothing, nothing)


def test_who_comes_when_64_wait_is_refused_and_there_is_room_again_afterwards() -> None:
    service, gate = a_service(), threading.Event()
    done: list[bool] = []
    refused: list[ExplanationsBusy] = []

    async def one() -> None:
        try:
            done.append(await service.in_thread(gate.wait, 30))
        except ExplanationsBusy as busy:
            refused.append(busy)

    async def crowd() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(ROOM + 3):
                group.start_soon(one)
            with anyio.fail_after(30):
                while len(refused) < 3:
                    await anyio.sleep(0.01)
            assert not done
            gate.set()
        await one()

    anyio.run(crowd)
    assert (len(done), len(refused)) == (ROOM + 1, 3)
    assert (refused[0].status, refused[0].code, refused[0].retry_after_seconds) == (503, "explanations_busy", 2)


def test_work_that_fails_leaves_its_place() -> None:
    service = a_service()

    async def crowd() -> None:
        for _ in range(ROOM + 1):
            with pytest.raises(ZeroDivisionError):
                await service.in_thread(lambda: 1 / 0)

    anyio.run(crowd)


@pytest.mark.parametrize(
    "path", ["/explain", "/closest-change", "/customers/C-1/changes", "/predictions/{}/explanation"]
)
def test_a_full_queue_is_answered_with_503(client: Any, path: str) -> None:
    for _ in range(2):
        prediction = client.post("/predict", json=a_customer(customerId="C-1")).json()["prediction_id"]
    client.app.state.explanations._asked = ROOM
    if path.startswith("/customers") or "{" in path:
        answer = client.get(path.format(prediction))
    else:
        answer = client.post(path, json=a_customer())
    assert (answer.status_code, answer.json()["code"]) == (503, "explanations_busy")
    assert int(answer.headers["Retry-After"]) >= 1
