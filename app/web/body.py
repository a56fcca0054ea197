"""Read a body: bounded before it costs, and strict about what JSON is."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, Final

import jiter
from starlette.requests import ClientDisconnect, Request

from app.errors import BodyTooLarge, MalformedJson, RequestRejected, UnsupportedMediaType

JSON: Final = "application/json"
CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
LOG: Final = (CSV, NDJSON)
"""Media types of a log."""
KIB: Final = 1024
DISCARD_BYTES: Final = 32 * 1024 * KIB
DISCARD_SECONDS: Final = 1.0


async def read_body(request: Request, largest_bytes: int, *media_types: str) -> bytes:
    """Collect a body, JSON unless told otherwise; the errors are those of ``stream_body``."""
    return b"".join([chunk async for chunk in stream_body(request, largest_bytes, media_types or (JSON,))])


async def stream_body(
    request: Request, largest_bytes: int, media_types: Sequence[str], too_large: type[BodyTooLarge] = BodyTooLarge
) -> AsyncIterator[bytes]:
    """Give a body chunk by chunk as it arrives.

    Raises
    ------
    UnsupportedMediaType
        It is not declared as what the route reads, or it is compressed.
    BodyTooLarge
        Or ``too_large``: it is declared or turns out to be longer than ``largest_bytes``; nothing beyond is kept.
    RequestRejected
        The connection ended early.
    """
    headers = dict(request.scope["headers"])
    declared = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    is_expected = declared in media_types or (JSON in media_types and declared.endswith("+json"))
    if not is_expected or headers.get(b"content-encoding", b"identity").lower() != b"identity":
        choice = f"Send the body as {' or '.join(media_types)}, without a content encoding."
        raise UnsupportedMediaType(choice if len(media_types) > 1 else None)
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > largest_bytes:
        if b"expect" not in headers:
            await _discard(request.stream())
        raise too_large
    received = 0
    chunks = request.stream()
    try:
        async for chunk in chunks:
            received += len(chunk)
            if received > largest_bytes:
                await _discard(chunks)
                raise too_large
            yield chunk
    except ClientDisconnect:
        raise RequestRejected("The connection ended before the body was complete.") from None


async def _discard(chunks: AsyncIterator[bytes]) -> None:
    """Read on for a moment: a client that is cut while it sends sees a broken connection instead of the answer."""
    discarded = 0
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(DISCARD_SECONDS):
            async for chunk in chunks:
                discarded += len(chunk)
                if discarded > DISCARD_BYTES:
                    return


def parse_json(body: bytes) -> Any:
    """Parse one JSON value; duplicate keys, NaN, Infinity and broken Unicode are errors, not guesses.

    Raises
    ------
    MalformedJson
        The body is not one valid JSON value; the place is named, the content is not.
    """
    try:
        return jiter.from_json(body, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True)
    except ValueError as error:
        _, _, place = str(error).rpartition(" at line ")
        where = f" The parser stopped at line {place}." if place.replace(" column ", "").isdecimal() else ""
        raise MalformedJson(f"{MalformedJson().detail}{where}") from None
