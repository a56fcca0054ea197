"""Wrong build for F4: it waits for a lock as long as it lasts, so callers hang instead of being refused."""

from tests.controls.tiny_service import TinyService, run


class WaitsForEver(TinyService):
    """Waits longer than any caller does."""

    lock_wait_seconds = 600.0


if __name__ == "__main__":
    run(WaitsForEver)
