"""uvicorn's HTTP protocol with a bound on the request head, which httptools itself does not have."""

from typing import Final

from pydantic_core import to_json
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import HeadersTooLarge

LARGEST_HEAD_BYTES: Final = 32 * 1024
_PROBLEM: Final = to_json(
    {
        "type": f"urn:telelink:problem:{HeadersTooLarge.code}",
        "title": HeadersTooLarge.title,
        "status": HeadersTooLarge.status,
        "detail": HeadersTooLarge().detail,
        "code": HeadersTooLarge.code,
        "request_id": "",
        "errors": [],
    }
)
_ANSWER: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-type: application/problem+json\r\n"
    b"content-length: " + str(len(_PROBLEM)).encode() + b"\r\n\r\n" + _PROBLEM
)


class BoundedHttpProtocol(HttpToolsProtocol):
    """Cuts a connection whose request head keeps growing, before it can fill the memory.

    The chunk in which a head begins is not counted (it may carry the end of the request before), so a head is bounded
    by 32 KiB and one network read; RequestContext then holds every complete head to the same 32 KiB.
    """

    _head_is_open = False
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
        if self._head_is_open:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD_BYTES:
                if not self.transport.is_closing():
                    self.transport.write(_ANSWER)
                    self.transport.close()
                return
        super().data_received(data)
