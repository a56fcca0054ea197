"""Pages and assets: all from this origin, revalidated, under a strict policy, with a page for people who get lost."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from app.settings import ROOT
from app.web.security_headers import CONTENT_SECURITY_POLICY
from tests.factories import a_customer

ORIGIN = "http://testserver"
PAGES = ["/", "/customers.html", "/customer.html", "/batch.html", "/docs", "/no-such-page"]
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
LINK_IN_CODE = re.compile(
    r"""@import\s+["'](.+?)["']|url\(\s*["']?(?!data:)(.+?)["']?\s*\)|^\s*import\b.*?["'](.+?)["']""", re.M
)
EXPECTED_POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
    "connect-src": "'self'", "font-src": "'self'", "manifest-src": "'self'", "base-uri": "'none'",
    "form-action": "'self'", "frame-ancestors": "'none'", "require-trusted-types-for": "'script'",
}  # fmt: skip


class Loads(HTMLParser):
    """Collects what a browser loads by itself for a page, and what would run inline."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self._open = tag
        address = attributes.get("src") or (attributes.get("href") if tag == "link" else None)
        if address:
            self.addresses.append(address)
        self.inline += [name for name in attributes if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        if self._open in ("script", "style") and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def as_browser(client: TestClient, path: str, method: str = "GET") -> object:
    return client.request(method, path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})


@pytest.mark.parametrize("path", PAGES)
def test_everything_a_page_loads_comes_from_here(client: TestClient, path: str) -> None:
    answer = as_browser(client, path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Loads(answer.text)
    assert page.inline == []
    waiting, seen = [urljoin(path, address) for address in page.addresses], set()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        assert urlsplit(address)[:2] == ("", ""), f"{address} is on another machine"
        asset = client.get(address)
        assert asset.status_code == 200, address
        kind = KINDS[f".{address.rpartition('.')[2]}"]
        assert asset.headers["content-type"].startswith(kind)
        if kind in ("text/css", "text/javascript") and "/swagger/" not in address:
            waiting += [urljoin(address, next(filter(None, found))) for found in LINK_IN_CODE.findall(asset.text)]
    assert {f".{address.rpartition('.')[2]}" for address in seen} >= {".css", ".svg"}
    assert path == "/no-such-page" or any(address.endswith(".js") for address in seen)


def test_the_documentation_is_drawn_by_files_of_this_server(client: TestClient) -> None:
    bundle = client.get("/static/swagger/swagger-ui-bundle.js")
    assert (bundle.status_code, len(bundle.content) > 500_000) == (200, True)
    style = client.get("/static/swagger/swagger-ui.css").text
    remote = [
        address for address in re.findall(r"url\(\s*[\"']?(.+?)[\"']?\)", style) if not address.startswith("data:")
    ]
    assert remote == []


def test_the_home_page_is_the_form(client: TestClient) -> None:
    assert client.get("/").text == (ROOT / "static" / "index.html").read_text(encoding="utf-8")
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("path", ["/no-such-page", "/models/none", "/static/no.css", "/static/../backend.py"])
def test_people_get_a_page_and_programs_a_problem(client: TestClient, path: str) -> None:
    page = as_browser(client, path)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Page not found" in page.text
    assert 'href="/"' in page.text
    for accept in ("application/json", "*/*", ""):
        problem = client.get(path, headers={"Accept": accept})
        assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")
        assert problem.json()["code"] == "not_found"


def test_a_browser_that_posts_to_nowhere_gets_a_problem(client: TestClient) -> None:
    assert as_browser(client, "/no-such-page", "POST").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/static/%2e%2e/backend.py",
        "/static/..%2f..%2fbackend.py",
        "/static//etc/passwd",
        "/static/swagger/../../../etc/passwd",
        "/static/%00",
        "/static/.%00/x",
    ],
)
def test_no_file_outside_the_static_folders_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    assert "def main" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/customers.html",
        "/customer.html?id=C-1",
        "/batch.html",
        "/docs",
        "/favicon.ico",
        "/static/css/base.css",
        "/static/swagger/swagger-ui.css",
    ],
)
def test_a_browser_asks_before_it_uses_its_copy(client: TestClient, path: str) -> None:
    first = client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["etag"]
    if path.startswith("/static/"):
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


ANSWERS = {
    "page": ("GET", "/", {}, 200),
    "asset": ("GET", "/static/css/base.css", {}, 200),
    "json": ("GET", "/stats", {}, 200),
    "prediction": ("POST", "/predict", {"json": a_customer()}, 200),
    "text": ("GET", "/metrics", {}, 200),
    "missing page": ("GET", "/none", {"headers": {"Accept": "text/html"}}, 404),
    "missing": ("GET", "/none", {}, 404),
    "missing asset": ("GET", "/static/none.js", {}, 404),
    "method": ("DELETE", "/predict", {}, 405),
    "asset method": ("POST", "/static/css/base.css", {}, 405),
    "malformed": ("POST", "/predict", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
    "too large": ("POST", "/predict", {"json": ["x" * 70_000]}, 413),
    "media type": ("POST", "/predict", {"content": b"a=b"}, 415),
    "invalid": ("POST", "/predict", {"json": {}}, 422),
    "headers": ("GET", "/livez", {"headers": {"X-Long": "x" * 40_000}}, 431),
    "unavailable": ("GET", "/readyz", {}, 503),
    "unexpected": ("POST", "/predict", {"json": a_customer()}, 500),
}


@pytest.mark.parametrize("kind", list(ANSWERS))
def test_every_kind_of_answer_carries_the_security_headers(client: TestClient, kind: str) -> None:
    method, path, options, status = ANSWERS[kind]
    state = client.app.state  # type: ignore[attr-defined]
    if kind == "unavailable":
        state.lifecycle.stopping = True
    elif kind == "unexpected":
        state.telecom = None
    answer = client.request(method, path, **options)
    assert answer.status_code == status
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == EXPECTED_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["permissions-policy"]
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"])
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "server" not in answer.headers


def test_the_documentation_page_alone_may_style_inline(client: TestClient) -> None:
    policy = client.get("/docs").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    loosened = policy.replace(" 'unsafe-inline'", "") + "; require-trusted-types-for 'script'"
    assert (loosened, policy.count("unsafe")) == (CONTENT_SECURITY_POLICY, 1)
