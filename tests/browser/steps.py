"""What a person does and sees on the Analyse page, in the words of its labels."""

from playwright.sync_api import Locator, Page, Response

CORE = {
    "Account length": "128",
    "Area code": "415",
    "Voice mail messages": "25",
    "Day calls": "110",
    "Evening calls": "99",
    "Night calls": "91",
    "International calls": "3",
    "Customer service calls": "1",
}
MINUTES = {
    "Day minutes": "265.1",
    "Evening minutes": "197.4",
    "Night minutes": "244.7",
    "International minutes": "10",
}


def fill_core(page: Page) -> None:
    """Fill every required field."""
    for label, text in CORE.items():
        field(page, label).fill(text)
    page.get_by_label("State", exact=True).select_option("KS")
    choose(page, "International plan", "No")
    choose(page, "Voice mail plan", "Yes")


def fill_minutes(page: Page) -> None:
    """Fill the four minutes."""
    for label, text in MINUTES.items():
        field(page, label).fill(text)


def field(page: Page, label: str) -> Locator:
    """The text box with this label."""
    return page.get_by_role("textbox", name=label, exact=True)


def choose(page: Page, group: str, answer: str) -> None:
    """Pick a radio button of a group."""
    page.get_by_role("radiogroup", name=group).get_by_role("radio", name=answer).check()


def analyse(page: Page) -> Response:
    """Submit the form and wait for the service's answer."""
    with page.expect_response("**/predict") as answer:
        page.get_by_role("button", name="Analyze customer").click()
    answer.value.finished()
    return answer.value


def card(page: Page) -> Locator:
    """The customer card."""
    return page.locator("customer-card")


def summary(page: Page) -> Locator:
    """The error summary."""
    return page.get_by_role("region", name="There is a problem")


def visible_text(locator: Locator) -> str:
    """Text on one line, with plain spaces."""
    return " ".join(locator.inner_text().split())


def described_by(locator: Locator) -> str:
    """What a screen reader adds to a control: the texts its aria-describedby points at."""
    return locator.evaluate(
        """(control) => (control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean)
             .map((id) => document.getElementById(id).textContent.trim()).join(" | ")"""
    )
