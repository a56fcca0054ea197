"""What happens to every request: an id, bounded headers, security headers, a measurement."""

import os
import re
import time
import traceback
from typing import Final

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import HeadersTooLarge, TeleLinkError
from app.web.metrics import observe
from app.web.problems import problem_response
from app.web.protocol import LARGEST_HEAD_BYTES
from app.web.security_headers import DOCS_HEADERS, DOCS_PATH, PAGE_HEADERS, beside

log = structlog.get_logger()

MOST_HEADERS: Final = 100
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestContext:
    """Outermost layer; plain ASGI, because it runs for every request and reads no body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and add to its answer what every answer carries."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        common = DOCS_HEADERS if scope["path"] == DOCS_PATH else PAGE_HEADERS

        served = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        started_answer: list[bool] = []

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                started_answer.append(True)
                own = message["headers"]
                message["headers"] = [*own, (b"x-request-id", request_id), *beside(own, common)]
                if served["app"].state.lifecycle.stopping:
                    message["headers"].append((b"connection", b"close"))
                seconds = time.perf_counter() - started
                observe(served, message["status"], seconds)
                log.debug("request", request_id=scope["state"]["request_id"], method=scope["method"],
                          status=message["status"], seconds=seconds)  # fmt: skip
            await send(message)

        if _head_is_too_large(scope):
            await problem_response(Request(scope), HeadersTooLarge())(scope, receive, send_with_headers)
            return
        try:
            # The server itself leaves out the body of an answer to HEAD; routes only need to know GET.
            await self.app(served, receive, send_with_headers)
        except Exception as error:
            # The place is logged, the message is not: it may repeat what a caller sent.
            place = traceback.format_tb(error.__traceback__)[-5:]
            log.error("unexpected_error", request_id=request_id.decode(), error=type(error).__name__, place=place)
            if started_answer:
                raise
            await problem_response(Request(scope), TeleLinkError())(scope, receive, send_with_headers)


def _head_is_too_large(scope: Scope) -> bool:
    headers = scope["headers"]
    if len(headers) > MOST_HEADERS:
        return True
    return (
        len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(n) + len(v) for n, v in headers)
        > LARGEST_HEAD_BYTES
    )


def _request_id(scope: Scope) -> bytes:
    """Keep the caller's id when it is harmless, so that one id follows a request through several systems."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    return os.urandom(16).hex().encode()
