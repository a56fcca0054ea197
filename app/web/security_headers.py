"""Headers that every answer carries, and what a page may load: from this server, and nothing inline."""

from typing import Final

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
PAGE_HEADERS: Final = (*_SECURITY_HEADERS, (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()))
DOCS_HEADERS: Final = (*_SECURITY_HEADERS, (b"content-security-policy", DOCS_CONTENT_SECURITY_POLICY.encode()))
