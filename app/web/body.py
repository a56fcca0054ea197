"""Read a JSON body: bounded before it is parsed, and strict about what JSON is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

import jiter
from starlette.requests import ClientDisconnect, Request

from app.errors import BodyTooLarge, MalformedJson, RequestRejected, UnsupportedMediaType

KIB: Final = 1024
DISCARD_BYTES: Final = 32 * 1024 * KIB
DISCARD_SECONDS: Final = 1.0


async def read_body(request: Request, largest_bytes: int) -> bytes:
    """Collect the body of a JSON request.

    Raises
    ------
    UnsupportedMediaType
        It is not declared as JSON, or it is compressed.
    BodyTooLarge
        It is declared or turns out to be longer than ``largest_bytes``; nothing beyond that is kept.
    """
    headers = dict(request.scope["headers"])
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type != b"application/json" and not media_type.endswith(b"+json"):
        raise UnsupportedMediaType
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise UnsupportedMediaType
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > largest_bytes:
        if b"expect" not in headers:
            await _discard(request.stream())
        raise BodyTooLarge
    body = bytearray()
    chunks = request.stream()
    try:
        async for chunk in chunks:
            body += chunk
            if len(body) > largest_bytes:
                body.clear()
                await _discard(chunks)
                raise BodyTooLarge
    except ClientDisconnect:
        raise RequestRejected("The connection ended before the body was complete.") from None
    return bytes(body)


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
