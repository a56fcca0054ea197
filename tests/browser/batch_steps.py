"""What a person does and sees on the Batch files page, and jobs as the service would answer them."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from app.telecom.policy import TIERS
from tests.factories import a_customer

JOB_ID = "01a1fc40-6e05-778e-a8c4-154e8e93ae56"


def open_batch(page: Page) -> None:
    """Open the page on its first step."""
    page.goto("/batch.html")
    expect(page.get_by_role("heading", name="Choose a file")).to_be_visible()


def intercept_file_dialogs(page: Page) -> None:
    """Make file dialogs reach the test; asked for only when one opens, the browser may be too quick."""
    page.on("filechooser", lambda _: None)


def csv_text(customers: Iterable[Mapping[str, Any]]) -> str:
    """Write customers as a CSV file with our own header."""
    rows = list(customers)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def customers(number: int, prefix: str, **changes: Any) -> list[dict[str, Any]]:
    """Customers with ids of their own; give each test its prefix, for the service keeps what it was sent."""
    return [{"customerId": f"{prefix}-{place}", **a_customer(**changes)} for place in range(1, number + 1)]


def choose(page: Page, content: str | bytes, name: str = "customers.csv") -> None:
    """Choose a file."""
    content = content if isinstance(content, bytes) else content.encode()
    page.get_by_label("CSV file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def check(page: Page) -> None:
    """Go on to the columns."""
    page.get_by_role("button", name="Check the columns").click()


def choose_and_check(page: Page, content: str | bytes, name: str = "customers.csv") -> None:
    """Choose a file and arrive at its columns."""
    choose(page, content, name)
    check(page)
    expect(page.get_by_role("heading", name="Check the columns")).to_be_focused()


def upload(page: Page) -> None:
    """Send the file whose columns are on the page."""
    page.get_by_role("button", name="Upload and score").click()


def score(page: Page, content: str | bytes, name: str = "customers.csv") -> None:
    """Go the whole way, to the end of the job."""
    choose_and_check(page, content, name)
    upload(page)
    expect(card(page).locator("state-mark")).to_have_text("Done", timeout=60_000)


def slow_down_uploads(page: Page, bytes_a_second: int) -> None:
    """Send no faster than this from now on; 0 takes the limit away."""
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second or -1}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", limits)


def card(page: Page) -> Locator:
    """The card of the job on the page."""
    return page.locator("job-card")


def forecast(page: Page) -> Locator:
    """What the page says would happen to the file."""
    return page.locator("file-forecast")


def downloaded(page: Page, link: str) -> tuple[str, list[dict[str, str]]]:
    """Follow a download link: the file's suggested name and its rows."""
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    with download.value.path().open(encoding="utf-8", newline="") as file:
        return download.value.suggested_filename, list(csv.DictReader(file))


def a_job(**changes: Any) -> dict[str, Any]:
    """A job half way through."""
    return {
        "id": JOB_ID,
        "file_name": "november.csv",
        "file_bytes": 104_857_600,
        "state": "running",
        "reason": None,
        "created_at": "2026-11-21T03:28:11.000000Z",
        "started_at": "2026-11-21T03:28:12.000000Z",
        "finished_at": None,
        "rows_known": 1_200_000,
        "rows_exact": False,
        "rows_done": 600_000,
        "rows_scored": 599_990,
        "rows_rejected": 10,
        "blank_lines": 0,
        "duplicate_rows": 3,
        "rows_without_customer_id": 0,
        "rows_with_warnings": 0,
        "rows_per_second": 25_000.0,
        "seconds_left": 24,
        "tiers": dict(zip(reversed(TIERS), (59_990, 140_000, 400_000), strict=True)),
        "rejections": [{"field": "state", "code": "missing", "message": "Enter the state", "rows": 10}],
        "models": ["telecom-usage/1"],
        "mapping": {"state": "Bundesland"},
        "ignored_columns": ["Churn"],
        "results_ready": False,
        "errors_ready": False,
        **changes,
    }


FINISHED: dict[str, Any] = {
    "rows_known": 600_000, "rows_exact": True, "rows_per_second": None, "seconds_left": None, "results_ready": True,
    "errors_ready": True,
}  # fmt: skip


def answer_job(page: Page, **changes: Any) -> None:
    """From now on the service says this about the job."""
    page.route("**/batch/jobs/*", lambda route: route.fulfill(json=a_job(**changes)))


def open_job(page: Page, **changes: Any) -> None:
    """Open the page of a job as the service would describe it."""
    answer_job(page, **changes)
    page.goto(f"/batch.html?job={JOB_ID}")
    expect(card(page).get_by_role("heading", name="november.csv")).to_be_focused()


def answer_list(page: Page, jobs: list[dict[str, Any]], following: str | None = None) -> None:
    """From now on the list of files holds these."""

    def answer(route: Route) -> None:
        is_second = "cursor=" in route.request.url
        page_of = {"jobs": jobs[10:], "next": None} if is_second else {"jobs": jobs[:10], "next": following}
        route.fulfill(json=page_of)

    page.route("**/batch/jobs?*", answer)
