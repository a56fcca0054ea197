"""Wrong build for F4: it does not wait for a lock, and a locked database is an unhandled error."""

from typing import NoReturn

from tests.controls.tiny_service import TinyService, run


class FailsWhenLocked(TinyService):
    """Gives up at once and answers 500."""

    lock_wait_seconds = 0.0

    def locked(self) -> NoReturn:
        """Let the error escape, as a handler without a plan does."""
        raise RuntimeError("database is locked")


if __name__ == "__main__":
    run(FailsWhenLocked)
