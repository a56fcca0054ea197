"""Wrong build for F3: it connects once, when it starts, and keeps using that connection after the server went away."""

import threading
from collections.abc import Iterable
from pathlib import Path

from tests.controls.tiny_postgresql import TinyPostgresql
from tests.controls.tiny_service import Row, run


class KeepsDeadConnection(TinyPostgresql):
    """Has neither a pool nor a second try, and what the driver raises is a 500."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.connection = self.open()
        self.lock = threading.Lock()

    def store(self, rows: Iterable[Row]) -> None:
        """Commit the rows on the one connection."""
        with self.lock, self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany("INSERT INTO predictions VALUES (%s, %s)", list(rows))


if __name__ == "__main__":
    run(KeepsDeadConnection)
