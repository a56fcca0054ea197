"""Wrong build for F6: SIGTERM ends the process between storing a row and answering its request."""

import asyncio
import os
import signal

from starlette.requests import Request
from starlette.responses import Response

from tests.controls.tiny_service import TinyService, run


class DropsOnSigterm(TinyService):
    """Exits in the signal handler, with requests under way."""

    async def predict(self, request: Request) -> Response:
        """Answer one customer, a moment after it was stored."""
        # uvicorn installs its own handler at start; replacing it here leaves the server nothing to drain with.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        answer = await super().predict(request)
        await asyncio.sleep(0.02)
        return answer


if __name__ == "__main__":
    run(DropsOnSigterm)
