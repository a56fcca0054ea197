"""A FastAPI route that reads its parameters from the path as it was sent, before percent-decoding."""

from collections import defaultdict
from typing import Any, ClassVar
from urllib.parse import unquote

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Receive, Scope, Send


class RawPathRoute(APIRoute):
    """Lets a path parameter hold any character, a slash too, as long as the caller encodes it.

    Routes of one path know each other's methods, so that a refused method is told all that are answered.
    """

    _methods_of: ClassVar[dict[str, set[str]]] = defaultdict(set)

    def __init__(self, path: str, *arguments: Any, **options: Any) -> None:
        super().__init__(path, *arguments, **options)
        self._methods_of[path] |= self.methods or set()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the encoded path, then decode what the parameters caught; broken UTF-8 is no address."""
        if scope["type"] != "http":
            return Match.NONE, {}
        match, child_scope = super().matches({**scope, "path": scope["raw_path"].decode("latin-1")})
        if match is not Match.NONE:
            try:
                caught = {name: unquote(text, errors="strict") for name, text in child_scope["path_params"].items()}
            except UnicodeDecodeError:
                return Match.NONE, {}
            child_scope["path_params"] = caught
        return match, child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse a method that no route of this path answers."""
        if scope["method"] not in (self.methods or ()):
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._methods_of[self.path]))})
        await super().handle(scope, receive, send)
