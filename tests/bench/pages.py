"""What a person waits for: the first view of a page with a chart drawn, and the answer to a control that was moved."""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.measure import running
from tests.browser.chromium import chromium_path

VIEWS = 5
MOVES = 15
_PATIENCE_MS = 20_000
_NOTE_WHEN_DRAWN = """
new MutationObserver((_, observer) => {
  if (!document.querySelector("data-chart canvas")) return;
  observer.disconnect();
  window.drawnAfterSeconds = performance.now() / 1000;
}).observe(document, { childList: true, subtree: true });
"""
_MOVE = """
async ([control, answer, value, button]) => {
  const field = document.querySelector(control);
  const shown = document.querySelector(answer);
  const changed = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`nothing changed in ${answer} at ${value}`)), 5000);
    new MutationObserver((_, observer) => { observer.disconnect(); resolve(); })
      .observe(shown, { childList: true, characterData: true, subtree: true });
  });
  const begun = performance.now();
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  if (button) document.querySelector(button).click();
  await changed;
  return performance.now() - begun;
}
"""


def measure_pages(cpu: int | None) -> dict[str, float]:
    """Give the median seconds of first views, each with an empty cache, and the median ms of an answer to a move.

    Raises
    ------
    RuntimeError
        There is no browser.
    """
    with running("service", cpu) as server, _browser() as browser:
        figures = {
            f"{name}_page_seconds": statistics.median(_first_view(browser, server.url, name) for _ in range(VIEWS))
            for name in ("models", "segments")
        }
        with _page(browser, server.url, "/models.html") as page:
            page.wait_for_selector("#confusion-table td")
            slider = "cut-point input[type=range]"
            figures["cut_point_move_ms"] = _move(page, slider, "#confusion-message", step=0.02, first=0.1)
            figures["profit_ms"] = _move(page, "#offer_cost", "#money-message", 1, 10, "#money-button")
        with _page(browser, server.url, "/") as page:
            page.click("#example-button")
            page.click("#customer-form button[type=submit]")
            page.wait_for_selector("what-if-outcome:not([hidden])")
            slider = "lever-field[name=totalDayMinutes] input[type=range]"
            figures["what_if_move_ms"] = _move(page, slider, "what-if-outcome", 9, 180)
    return figures


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium_path(playwright)
        if path is None:
            raise RuntimeError("no Chromium: install the system's package or run `playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@contextmanager
def _page(browser: Browser, url: str, path: str) -> Iterator[Page]:
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    page.goto(path)
    yield page
    context.close()


def _first_view(browser: Browser, url: str, name: str) -> float:
    context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(_PATIENCE_MS)
    context.add_init_script(_NOTE_WHEN_DRAWN)
    page = context.new_page()
    page.goto(f"/{name}.html")
    seconds: float = page.wait_for_function("() => window.drawnAfterSeconds").json_value()
    context.close()
    return seconds


def _move(page: Page, control: str, answer: str, step: float, first: float, button: str | None = None) -> float:
    """Move a control place by place, and press the button; give the median ms until the page says what that changes."""
    values = [str(round(first + step * turn, 2)) for turn in range(MOVES)]
    return float(statistics.median(page.evaluate(_MOVE, [control, answer, value, button]) for value in values))
