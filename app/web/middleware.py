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

log = structlog.get_logger()

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
# Swagger UI writes style attributes and parses HTML strings; both are allowed on its own page only.
DOCS_CONTENT_SECURITY_POLICY: Final = CONTENT_SECURITY_POLICY.replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
).replace("; require-trusted-types-for 'script'", "")
DOCS_PATH: Final = "/docs"

MOST_HEADERS: Final = 100
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_PAGE_HEADERS: Final = (*_SECURITY_HEADERS, (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()))
_DOCS_HEADERS: Final = (*_SECURITY_HEADERS, (b"content-security-policy", DOCS_CONTENT_SECURITY_POLICY.encode()))


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
        common = _DOCS_HEADERS if scope["path"] == DOCS_PATH else _PAGE_HEADERS

        started_answer: list[bool] = []

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                started_answer.append(True)
                message["headers"] = [*message["headers"], (b"x-request-id", request_id), *common]
                if scope["app"].state.lifecycle.stopping:
                    message["headers"].append((b"connection", b"close"))
                seconds = time.perf_counter() - started
                observe(scope, message["status"], seconds)
                log.debug("request", request_id=scope["state"]["request_id"], method=scope["method"],
                          status=message["status"], seconds=seconds)  # fmt: skip
            await send(message)

        if _head_is_too_large(scope):
            await problem_response(Request(scope), HeadersTooLarge())(scope, receive, send_with_headers)
            return
        try:
            await self.app(scope, receive, send_with_headers)
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
