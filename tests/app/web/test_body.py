"""A body is bounded before it costs, given as it arrives, and JSON only when it is JSON."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from starlette.requests import Request

from app.errors import BodyTooLarge, MalformedJson, RequestRejected, TeleLinkError, UnsupportedMediaType
from app.web import body
from app.web.body import CSV, JSON, parse_json, read_body, stream_body


class Client:
    """Sends a body in chunks, and remembers how many were taken."""

    def __init__(self, chunks: Iterable[bytes], headers: dict[str, str], *, leaves: bool = False) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._leaves = leaves
        self.taken = 0
        scope = {"type": "http", "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()]}
        self.request = Request(scope, self._receive)

    async def _receive(self) -> dict[str, Any]:
        chunk = next(self._chunks, None)
        if chunk is None:
            return {"type": "http.disconnect"} if self._leaves else {"type": "http.request", "body": b""}
        self.taken += 1
        return {"type": "http.request", "body": chunk, "more_body": True}


def read(client: Client, largest_bytes: int = 100, media_type: str = JSON) -> bytes:
    return asyncio.run(read_body(client.request, largest_bytes, media_type))


def refusal(client: Client, largest_bytes: int = 100, media_type: str = JSON) -> TeleLinkError:
    with pytest.raises(TeleLinkError) as refused:
        read(client, largest_bytes, media_type)
    return refused.value


def headers(media_type: str = JSON, **more: str) -> dict[str, str]:
    return {"Content-Type": media_type, **{name.replace("_", "-"): value for name, value in more.items()}}


@pytest.mark.parametrize("chunks", [[b""], [b"abc"], [b"a", b"", b"bc"], [b"x" * 100], []])
def test_a_body_is_put_together(chunks: list[bytes]) -> None:
    assert read(Client(chunks, headers())) == b"".join(chunks)


@pytest.mark.parametrize(
    ("declared", "json", "csv"),
    [
        ("application/json", True, False),
        ("Application/JSON; charset=utf-8", True, False),
        ("application/problem+json", True, False),
        ("text/csv", False, True),
        (" TEXT/CSV ;header=present", False, True),
        ("text/csv+json", True, False),
        ("text/plain", False, False),
        ("application/jsonl", False, False),
        ("multipart/form-data; boundary=x", False, False),
        ("", False, False),
    ],
)
def test_a_route_reads_one_media_type(declared: str, json: bool, csv: bool) -> None:
    for media_type, is_read in ((JSON, json), (CSV, csv)):
        client = Client([b"a"], headers(declared))
        if is_read:
            assert read(client, media_type=media_type) == b"a"
        else:
            assert isinstance(refusal(client, media_type=media_type), UnsupportedMediaType)
            assert client.taken == 0


def test_a_body_without_a_media_type_is_not_read() -> None:
    assert isinstance(refusal(Client([b"{}"], {})), UnsupportedMediaType)


@pytest.mark.parametrize(
    ("encoding", "is_read"), [("identity", True), ("Identity", True), ("gzip", False), ("", False)]
)
def test_a_compressed_body_is_not_read(encoding: str, is_read: bool) -> None:
    client = Client([b"a"], headers(Content_Encoding=encoding))
    if is_read:
        assert read(client) == b"a"
    else:
        assert isinstance(refusal(client), UnsupportedMediaType)


@pytest.mark.parametrize("length", ["101", "1000000000000", "9" * 400])
def test_a_body_that_says_it_is_too_large_is_refused_unread(length: str) -> None:
    client = Client([b"x"] * 3, headers(Content_Length=length, Expect="100-continue"))
    assert isinstance(refusal(client), BodyTooLarge)
    assert client.taken == 0


def test_who_sends_without_asking_is_read_on_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "DISCARD_BYTES", 1_000)
    few = Client([b"x" * 100] * 5, headers(Content_Length="500"))
    assert isinstance(refusal(few), BodyTooLarge)
    assert few.taken == 5
    many = Client([b"x" * 100] * 200, headers(Content_Length="100000"))
    assert isinstance(refusal(many), BodyTooLarge)
    assert many.taken == 11


@pytest.mark.parametrize("length", ["", "99", "-5", "1e9", "many"])
def test_a_body_is_bounded_whatever_it_says(length: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "DISCARD_BYTES", 1_000)
    client = Client([b"x" * 60] * 200, headers(Content_Length=length))
    assert isinstance(refusal(client), BodyTooLarge)
    assert client.taken < 25


def test_who_stops_sending_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "DISCARD_SECONDS", 0.01)
    client = Client([], headers(Content_Length="101"))

    async def silence() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    client.request = Request(client.request.scope, silence)
    assert isinstance(refusal(client), BodyTooLarge)


@pytest.mark.parametrize("sent", [[], [b"{"], [b"{", b"1"]])
def test_a_body_that_breaks_off_is_told(sent: list[bytes]) -> None:
    refused = refusal(Client(sent, headers(), leaves=True))
    assert (type(refused), refused.status) == (RequestRejected, 400)
    assert refused.detail == "The connection ended before the body was complete."


def test_a_client_that_leaves_while_its_rest_is_discarded_is_no_error() -> None:
    assert isinstance(refusal(Client([b"x" * 101, b"x"], headers(), leaves=True)), BodyTooLarge)


def test_chunks_are_given_as_they_arrive() -> None:
    client = Client([b"first", b"second"], headers(CSV))

    async def scenario() -> None:
        stream = stream_body(client.request, 100, (CSV,))
        assert await anext(stream) == b"first"
        assert client.taken == 1
        assert [chunk async for chunk in stream if chunk] == [b"second"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"{}", {}),
        (b" [1, 2.5, null]\n", [1, 2.5, None]),
        (b'"\\u00e9"', "\u00e9"),
        (b"0", 0),
        (b'{"a": "b"}', {"a": "b"}),
    ],
)
def test_json_is_parsed(text: bytes, value: Any) -> None:
    assert parse_json(text) == value


@pytest.mark.parametrize(
    "text",
    [b"", b" ", b"{", b"{} {}", b"NaN", b"[Infinity]", b'{"a": 1, "a": 1}', b'"\\ud800"', b'"\xff"', b"\xef\xbb\xbf{}",
     b"'a'", b"[" * 10_000, b'{"zq7": zq7}'],
)  # fmt: skip
def test_what_is_not_json_is_refused_and_not_repeated(text: bytes) -> None:
    with pytest.raises(MalformedJson) as refused:
        parse_json(text)
    assert refused.value.detail.startswith(MalformedJson().detail)
    assert "zq7" not in refused.value.detail


def test_the_place_of_the_mistake_is_told() -> None:
    with pytest.raises(MalformedJson) as refused:
        parse_json(b'{"a": 1,\n  b: 2}')
    assert refused.value.detail.endswith(" The parser stopped at line 2 column 3.")
