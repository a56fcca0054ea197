"""Headers that every answer carries, and what a page may load: from this server, and nothing inline."""

from collections.abc import Iterable
from typing import Final, TypeAlias

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

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

_SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
CONTENT_SECURITY_POLICY_HEADER: Final = b"content-security-policy"
PAGE_HEADERS: Final = (*_SECURITY_HEADERS, (CONTENT_SECURITY_POLICY_HEADER, CONTENT_SECURITY_POLICY.encode()))
DOCS_HEADERS: Final = (*_SECURITY_HEADERS, (CONTENT_SECURITY_POLICY_HEADER, DOCS_CONTENT_SECURITY_POLICY.encode()))


def beside(own: Iterable[tuple[bytes, bytes]], common: Headers) -> Headers:
    """Give what every answer carries, without the common policy where an answer brings its own, stricter one."""
    if any(name == CONTENT_SECURITY_POLICY_HEADER for name, _ in own):
        return _SECURITY_HEADERS
    return common
