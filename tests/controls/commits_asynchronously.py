"""Wrong build for F3: PostgreSQL says "committed" before the row is on the disk, as a careless setting lets it."""

from tests.controls.tiny_postgresql import TinyPostgresql
from tests.controls.tiny_service import run


class CommitsAsynchronously(TinyPostgresql):
    """Trades the last moments before a kill for speed."""

    synchronous_commit = "off"


if __name__ == "__main__":
    run(CommitsAsynchronously)
