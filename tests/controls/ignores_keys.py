"""Wrong build for F8: it reads over the Idempotency-Key, so a retry makes everything again."""

from app.batch import routes as batch_routes
from app.events import routes as event_routes
from app.telecom import routes as scoring_routes
from tests.controls.wrong_build import run


def spoil() -> None:
    """Find that no request has a key."""
    batch_routes.read_key = scoring_routes.read_key = event_routes.read_key = lambda _text: None


if __name__ == "__main__":
    run("ignores_keys", spoil)
