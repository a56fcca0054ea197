"""Wrong build for F1 and L1: rows wait in memory and are committed a little after their answers went out."""

import threading
import time
from collections.abc import Iterable
from pathlib import Path

from tests.controls.tiny_service import Row, TinyService, run

FLUSH_SECONDS = 0.2


class AnswersBeforeCommit(TinyService):
    """Buffers what it should store, as a write-behind cache does."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.waiting: list[Row] = []
        threading.Thread(target=self._flush_for_ever, daemon=True).start()

    def store(self, rows: Iterable[Row]) -> None:
        """Keep the rows for later."""
        self.waiting.extend(rows)

    def _flush_for_ever(self) -> None:
        while True:
            time.sleep(FLUSH_SECONDS)
            rows, self.waiting = self.waiting, []
            super().store(rows)


if __name__ == "__main__":
    run(AnswersBeforeCommit)
