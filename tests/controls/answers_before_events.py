"""Wrong build for F1: events are answered at once and stored a little later."""

import asyncio
from collections.abc import Sequence
from typing import Any

from app.events.intake import EventIntake
from app.events.store import Outcome, append, stored_rows
from tests.controls.wrong_build import run

FLUSH_SECONDS = 0.2


async def _store(intake: Any, rows: Sequence[dict[str, Any]], _key_row: object) -> Outcome:
    entry = {"rows": stored_rows(rows), "key_row": None}
    asyncio.get_running_loop().call_later(FLUSH_SECONDS, intake._writer.submit, append, [entry])
    return Outcome(accepted=len(rows))


def spoil() -> None:
    """Put the storing off."""
    EventIntake._store = _store  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    run("answers_before_events", spoil)
