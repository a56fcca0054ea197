"""Run uvicorn so that SIGTERM loses nothing: not ready first, then no new connections, then out."""

import asyncio
import os
import socket
import sys
from types import FrameType
from typing import Final, Self

import uvicorn
from fastapi import FastAPI

from app.errors import SettingsInvalid
from app.settings import Settings
from app.web.protocol import BoundedHttpProtocol

DRAIN_SECONDS: Final = 1.0
"""Time between "not ready" and closing the door, so that a load balancer has seen the first before the second."""
SWITCH_SECONDS: Final = 0.0005
"""How long a thread may keep the interpreter while another waits; Python's 5 ms would delay each commit by as much."""


class Server(uvicorn.Server):
    """uvicorn with a drain phase; a second signal ends it at once."""

    @classmethod
    def for_app(cls, app: FastAPI, settings: Settings) -> Self:
        """Configure a server for one application."""
        return cls(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                loop="uvloop",
                http=BoundedHttpProtocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=settings.shutdown_seconds,
            )
        )

    def serve_until_stopped(self) -> int:
        """Serve until a signal; returns the exit code.

        Raises
        ------
        SettingsInvalid
            The address cannot be listened on.
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        family = socket.AF_INET6 if ":" in self.config.host else socket.AF_INET
        address = (self.config.host, self.config.port)
        try:
            both = self.config.host == "::" and socket.has_dualstack_ipv6()
            door = socket.create_server(address, family=family, backlog=self.config.backlog, dualstack_ipv6=both)
        except OSError as error:
            # The name look-up numbers its errors below zero.
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else "no such address"
            raise SettingsInvalid(f"HOST, PORT: this address cannot be listened on ({reason}).") from None
        self.run([door])
        return 0 if self.started else 3

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port and say where."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            sys.stdout.write(f"TeleLink is ready at http://{shown}:{port}\n")
            sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain on the first signal; uvicorn's own handling would close the door at once."""
        state = self.config.app.state  # type: ignore[union-attr]
        if not hasattr(state, "lifecycle") or state.lifecycle.stopping:
            self.should_exit = self.force_exit = True
            return
        state.lifecycle.stopping = True
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._close_door)

    def _close_door(self) -> None:
        self.should_exit = True
