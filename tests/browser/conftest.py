"""A real server and a real browser; every page is watched for console errors and CSP reports."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.chromium import chromium_path
from tests.server_process import start

# A busy machine is slow, not wrong: only a test that fails waits this long.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
REPORT_CSP = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP report: ${event.violatedDirective} ${event.blockedURI}`));
"""


@dataclass
class Watch:
    """What the browser complained about, less what a test announced with ``expect``."""

    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Announce a complaint: Chromium logs each failed request as an error, also one the page handles."""
        self.expected.append(part)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def surprises(self) -> list[str]:
        return [said for said in self.complaints if not any(part in said for part in self.expected)]


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of this checkout's service, started once on a free port with an empty data folder."""
    with start(tmp_path_factory.mktemp("browser") / "data") as server:
        server.wait_ready()
        yield server.url
        server.terminate()


# Not session-wide: while the sync API is open its event loop counts as running, and asyncio.run fails elsewhere.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium_path(playwright)
        if path is None:
            reason = "no Chromium: install the system's package or run `playwright install chromium`"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        chromium = playwright.chromium.launch(executable_path=path)
        yield chromium
        chromium.close()


@pytest.fixture
def context_options() -> dict[str, object]:
    """Options of the test's browser context; parametrize it for a phone or a dark theme."""
    return {}


@pytest.fixture
def context(browser: Browser, base_url: str, context_options: dict[str, object]) -> Iterator[BrowserContext]:
    options: dict[str, object] = {"viewport": {"width": 1440, "height": 900}, "base_url": base_url} | context_options
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(REPORT_CSP)
    yield context
    context.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def first_path() -> str:
    """Address of the page a test begins with; empty where a test opens its own."""
    return "/"


@pytest.fixture
def page(context: BrowserContext, watch: Watch, first_path: str) -> Iterator[Page]:
    """The Analyse page, loaded; fails the test on any console error or CSP report that was not announced."""
    page = context.new_page()
    page.on("console", watch.on_console)
    page.on("pageerror", lambda error: watch.complaints.append(f"uncaught: {error}"))
    if first_path:
        page.goto(first_path)
    yield page
    assert watch.surprises() == []
