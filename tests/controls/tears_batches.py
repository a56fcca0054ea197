"""Wrong build for F1: a batch is committed row by row, so a kill leaves half of it."""

import time
from collections.abc import Iterable

from tests.controls.tiny_service import Row, TinyService, run

PAUSE_SECONDS = 0.005


class TearsBatches(TinyService):
    """Stores each row in a transaction of its own."""

    def store(self, rows: Iterable[Row]) -> None:
        """Commit the rows one after another."""
        for row in rows:
            super().store([row])
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    run(TearsBatches)
