"""The Models page, in the words of its labels, and what the service says of the version that it shows."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Route, expect

MODELS = "/models.html"
CUT_BOX = "Cut-point"
SLIDER = "Cut-point, slider"
WORK_OUT = "Work out the profit"


def open_models(page: Page, search: str = "") -> None:
    """Open the page and wait until every part has its answer."""
    page.goto(f"{MODELS}{search}")
    wait_shown(page)


def wait_shown(page: Page) -> None:
    """Wait until every part has its answer."""
    expect(page.get_by_role("heading", name="How good it is")).to_be_visible()
    expect(page.locator("#confusion-message")).to_contain_text("customers are called")
    expect(page.locator("#money-result")).to_be_visible()
    expect(page.locator("#policy-link")).to_contain_text("JSON")


def shown_version(page: Page) -> str:
    """Path of the version that the page shows, in the API."""
    report = page.get_by_role("link", name="Model card to print").get_attribute("href")
    assert report
    return report.removesuffix("/report")


def answer(page: Page, part: str) -> Any:
    """Ask the service about the version that the page shows."""
    response = page.request.get(f"{shown_version(page)}/{part}")
    assert response.ok, response.text()
    return response.json()


def section(page: Page, heading: str) -> Locator:
    """A part of the page."""
    return page.get_by_role("region", name=heading)


def figures(found: Locator) -> dict[str, tuple[str, str]]:
    """The figures of a list: by their label, the figure and what stands below it, with plain spaces."""
    items = found.locator("dl > div").evaluate_all(
        "(items) => items.map((item) => [...item.children].map((part) => part.textContent.replaceAll('\\u00a0', ' ')))"
    )
    return {label: (figure, note) for label, figure, note in items}


def address(page: Page) -> dict[str, str]:
    """What the page's address says."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def slide(page: Page, text: str) -> None:
    """Move the slider to a value, and wait for what it decides."""
    page.get_by_role("slider", name=SLIDER).fill(text)
    expect(page.locator("#confusion-message")).to_contain_text(f"From {float(text):.2f} on")


def share(value: float) -> str:
    """Write a share as the page does."""
    if value in (0, 1):
        return f"{value * 100:g} %"
    return f"{value * 100:.1f} %"


def change_versions(route: Route, **changes: Any) -> None:
    """Let the service list a model's versions, and change what it says of each."""
    listed = route.fetch().json()
    route.fulfill(json={"versions": [entry | changes for entry in listed["versions"]]})
