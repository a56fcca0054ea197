"""Bodies no client should send, for /predict and /batch-predict alike; each must be refused with a 4xx."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.faults.clients import CUSTOMERS
from tests.simulated_requests import json_bytes

NEEDLE = "zq7haystack"
VALID = {**CUSTOMERS[0], "customerId": "odd-body"}
JSON_TYPE = "application/json"


@dataclass(frozen=True)
class OddBody:
    """One request body; ``secret`` is the part of it that no answer may repeat."""

    name: str
    body: bytes
    secret: str = ""
    content_type: str | None = JSON_TYPE


ODD_NUMBERS = {
    "nan": "NaN", "infinity": "Infinity", "minus-infinity": "-Infinity", "overflowing-exponent": "1e999",
    "negative-overflow": "-1e999", "5000-digit-integer": "7" * 5000, "5000-digit-negative": "-" + "7" * 5000,
    "5000-digit-fraction": "1." + "7" * 5000, "5000-digit-exponent": "1e" + "7" * 5000, "above-the-range": "771177",
    "negative": "-771177", "fraction": "77117.5", "true": "true", "null": "null", "list": f'["{NEEDLE}"]',
    "object": f'{{"a":"{NEEDLE}"}}', "leading-zero": "0077117", "plus-sign": "+77117", "bare-point": ".77117",
    "hexadecimal": "0x77117", "bare-word": NEEDLE,
}  # fmt: skip
"""Odd things where ``accountLength`` should be, as they stand in the JSON text."""

ODD_TEXTS = {
    "word-for-a-number": ("accountLength", NEEDLE), "nan-as-text": ("accountLength", "NaN"),
    "infinity-as-text": ("accountLength", "Infinity"), "overflow-as-text": ("accountLength", "1e999"),
    "underscored-digits": ("accountLength", "77_117"), "foreign-digits": ("accountLength", "١٢"),
    "5000-digit-text": ("accountLength", "7" * 5000), "blank-for-a-number": ("accountLength", " "),
    "long-text": ("accountLength", NEEDLE * 50_000), "lone-high-surrogate": ("state", "\ud800"),
    "lone-low-surrogate": ("customerId", f"{NEEDLE}\udfff"), "reversed-surrogates": ("state", "\udc00\ud800"),
    "surrogate-for-a-number": ("accountLength", "\ud8005"), "surrogate-flag": ("internationalPlan", "yes\ud800"),
    "nul-in-a-flag": ("voiceMailPlan", "yes\x00"), "nul-in-an-identifier": ("customerId", f"{NEEDLE}\x00"),
    "nul-in-a-number": ("accountLength", "12\x00"), "word-for-a-flag": ("internationalPlan", NEEDLE),
    "unknown-state": ("state", "ZQ"), "long-state": ("state", NEEDLE), "foreign-area-code": ("areaCode", "٤١٥"),
    "long-area-code": ("areaCode", "77117"),
    "long-identifier": ("customerId", NEEDLE * 6), "space-in-an-identifier": ("customerId", f"{NEEDLE} x"),
    "control-in-an-identifier": ("customerId", f"{NEEDLE}\x1b[31m"),
    "newline-in-an-identifier": ("customerId", f"{NEEDLE}\n"),
    "reversing-identifier": ("customerId", f"{NEEDLE}\u202e"), "invisible-identifier": ("customerId", "\u200b"),
}  # fmt: skip
"""Odd texts, by the field they stand in; JSON-escaped on the wire."""


def customers() -> Iterator[OddBody]:
    """Bodies that are one odd customer: the batch experiment puts them behind a good one."""
    text = json.dumps(VALID)
    field = f'"accountLength": {VALID["accountLength"]}'
    for name, number in ODD_NUMBERS.items():
        yield OddBody(name, text.replace(field, f'"accountLength": {number}').encode(), _secret(number))
    for name, (alias, value) in ODD_TEXTS.items():
        yield OddBody(name, json.dumps({**VALID, alias: value}).encode(), _secret(value))
    for depth in (100, 1_000, 10_000, 100_000):
        yield OddBody(f"lists-{depth}-deep", text.replace(field, _nested(depth, '"accountLength": ')).encode())
        objects = '{"a":' * depth + "1" + "}" * depth
        yield OddBody(f"objects-{depth}-deep", text.replace(field, f'"accountLength": {objects}').encode())
    yield OddBody("duplicate-key", text.replace(field, f'{field}, "accountLength": 77117').encode(), "77117")
    yield OddBody("duplicate-equal-key", text.replace(field, f"{field}, {field}").encode())
    yield OddBody("unknown-key", json_bytes({**VALID, "loyalty": NEEDLE}), NEEDLE)
    yield OddBody("surrogate-key", json.dumps({**VALID, "\ud800": NEEDLE}).encode(), NEEDLE)
    yield OddBody("missing-key", json_bytes({key: VALID[key] for key in VALID if key != "state"}))
    yield OddBody("some-minutes", json_bytes({key: VALID[key] for key in VALID if key != "totalEveMinutes"}))
    yield OddBody("single-quotes", text.replace('"', "'").encode())
    yield OddBody("trailing-comma", text.replace("}", ",}").encode())
    yield OddBody("comment", text.replace("}", f" /* {NEEDLE} */}}").encode(), NEEDLE)
    yield OddBody("raw-nul", text.replace("odd-body", f"{NEEDLE}\x00").encode(), NEEDLE)
    yield OddBody("raw-newline", text.replace("odd-body", f"{NEEDLE}\n").encode(), NEEDLE)
    yield OddBody("bad-escape", text.replace("odd-body", f"{NEEDLE}\\x41").encode(), NEEDLE)
    for name, octets in {"stray-byte": b"\xff", "overlong": b"\xc0\xaf", "raw-surrogate": b"\xed\xa0\x80"}.items():
        yield OddBody(name, text.encode().replace(b"odd-body", NEEDLE.encode() + octets), NEEDLE)
    for name, whole in {"null-customer": b"null", "number-customer": b"77117", "list-customer": b"[]"}.items():
        yield OddBody(name, whole)
    yield OddBody("text-customer", f'"{NEEDLE}"'.encode(), NEEDLE)
    yield OddBody("empty-customer", b"{}")


def documents(valid: bytes) -> Iterator[OddBody]:
    """Bodies that spoil a good document as a whole, or declare it to be something else."""
    yield OddBody("empty", b"")
    yield OddBody("white-space", b" \n\t ")
    yield OddBody("byte-order-mark", b"\xef\xbb\xbf" + valid)
    yield OddBody("utf-16", valid.decode().encode("utf-16"))
    yield OddBody("utf-32", valid.decode().encode("utf-32"))
    yield OddBody("form-feed-first", b"\x0c" + valid)
    for name, cut in {"half": len(valid) // 2, "last-byte-missing": len(valid) - 1, "first-byte-only": 1}.items():
        yield OddBody(f"truncated-{name}", valid[:cut])
    for name, tail in {"text": NEEDLE.encode(), "brace": b"}", "nul": b"\x00", "document": valid}.items():
        yield OddBody(f"trailing-{name}", valid + tail, NEEDLE if name == "text" else "")
    for depth in (100, 1_000, 10_000, 100_000):
        yield OddBody(f"top-level-lists-{depth}-deep", _nested(depth).encode())
        yield OddBody(f"unclosed-lists-{depth}-deep", b"[" * depth)
    for content_type in (
        None, "text/plain", "text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/octet-stream", "application/jsonp", f"application/{NEEDLE}",
    ):  # fmt: skip
        yield replace(OddBody("", valid), name=f"type-{content_type}", content_type=content_type)


def batches(valid: bytes) -> Iterator[OddBody]:
    """Bodies only a batch can get wrong."""
    yield OddBody("object-for-a-batch", valid)
    yield OddBody("empty-batch", b"[]")
    yield OddBody("null-row", b"[null]")
    yield OddBody("list-row", b"[[%s]]" % valid)
    yield OddBody("too-many-rows", b"[" + b",".join([valid] * 10_001) + b"]")


def _nested(depth: int, label: str = "") -> str:
    return f"{label}{'[' * depth}{']' * depth}"


def _secret(value: str) -> str:
    """Give what an answer repeating the value would contain; short words and Infinity occur in honest messages."""
    if len(value) <= 4 or value.endswith("Infinity"):
        return ""
    return value.encode(errors="ignore").decode().strip("\x00")[:40]
