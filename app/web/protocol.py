"""uvicorn's HTTP protocol with a bound on the request head, which httptools itself does not have."""

import os
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.errors import HeadersTooLarge, RequestRejected, TeleLinkError
from app.web.problems import problem_body
from app.web.security_headers import PAGE_HEADERS

LARGEST_HEAD_BYTES: Final = 32 * 1024
LINGER_SECONDS: Final = 1.0


class BoundedHttpProtocol(HttpToolsProtocol):
    """Cuts a connection whose request head keeps growing, before it can fill the memory.

    The chunk in which a head begins is not counted (it may carry the end of the request before), so a head is bounded
    by 32 KiB and one network read; RequestContext then holds every complete head to the same 32 KiB.
    """

    _head_is_open = False
    _is_refused = False
    _head_bytes = 0

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self._head_is_open, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the head is complete: what follows is the body, which the route bounds."""
        self._head_is_open = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count what arrives while a head is open."""
        if self._is_refused:
            return
        if self._head_is_open:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD_BYTES:
                self._refuse(HeadersTooLarge())
                return
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP in the one error shape; uvicorn's own answer is plain text."""
        self._refuse(RequestRejected("This is not a valid HTTP request."))

    def _refuse(self, error: TeleLinkError) -> None:
        if self.transport.is_closing() or self._is_refused:
            return
        self._is_refused = True
        request_id = os.urandom(16).hex()
        body = problem_body(error, request_id)
        head = [
            STATUS_LINE[error.status],
            b"content-type: application/problem+json\r\ncontent-length: %d\r\n" % len(body),
            b"x-request-id: %s\r\n" % request_id.encode(),
            *(b"%s: %s\r\n" % header for header in PAGE_HEADERS),
            b"connection: close\r\n\r\n",
        ]
        self.transport.write(b"".join(head) + body)
        # A client that is cut while it sends sees a broken connection instead of the answer: let it end first.
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)
