"""Explanations as the service sends them, for tests of what a page does with them, and what a person sees of them."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.steps import field, fill_core, fill_minutes, visible_text
from tests.browser.stored_customers import RISKY, address, store
from tests.factories import a_customer

CALLS = "Customer service calls"
OUTCOME = "what-if-outcome .probability"
FIND = "Find the closest change that lowers the tier"
RESET = "Back to the starting values"
REASONS = [
    ("up", "customerServiceCalls", 6, 1, 0.31, "6 customer service calls; most customers make 1 or fewer"),
    ("up", "internationalPlan", "yes", "no", 0.12, "An international plan; most customers have none"),
    ("down", "voiceMailPlan", "yes", "no", -0.06, "A voice mail plan; most customers have none"),
]
LABELS = {
    "customerServiceCalls": (CALLS, "calls"),
    "internationalPlan": ("International plan", ""),
    "voiceMailPlan": ("Voice mail plan", ""),
}


def an_explanation(**changes: Any) -> dict[str, Any]:
    """Why a score is high, in three steps that add up."""
    steps = [
        {**named(name), "value": value, "typical": typical, "contribution": step}
        for _, name, value, typical, step, _ in REASONS
    ]
    reasons = [
        {"direction": way, "field": name, "value": value, "typical": typical, "contribution": step, "text": text}
        for way, name, value, typical, step, text in REASONS
    ]
    return {
        "scale": "forest_score",
        "base": 0.17,
        "forest_score": 0.54,
        "churn_probability": 0.61,
        "message": "Mainly 6 customer service calls raise the chance of leaving.",
        "contributions": steps,
        "reasons": reasons,
        **changes,
    }


def named(name: str) -> dict[str, str]:
    """A field with its words."""
    label, unit = LABELS[name]
    return {"field": name, "label": label, "unit": unit}


def a_clv_explanation() -> dict[str, Any]:
    """Why a lifetime value is what it is."""
    step = {"field": "accountLength", "label": "Account length", "unit": "months", "value": 128, "typical": 100}
    return {
        "base_usd": 6000.0,
        "linear_clv_usd": 7600.0,
        "estimated_clv": 7600.0,
        "message": "Mainly an account length of 128 months raises the lifetime value.",
        "contributions": [{**step, "contribution_usd": 1600.0}],
    }


def explained(answer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The whole answer of POST /explain around an answer."""
    return {"answer": answer, "explanation": an_explanation(), "clv": a_clv_explanation(), **changes}


def sent(route: Route) -> dict[str, Any]:
    """What the page sent."""
    document: dict[str, Any] = json.loads(route.request.post_data or "{}")
    return document


def answer_explain(page: Page, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer POST /explain with what the function makes of the values; the list fills with what was asked."""
    asked: list[dict[str, Any]] = []

    def fulfil(route: Route) -> None:
        asked.append(sent(route))
        route.fulfill(json=answer(asked[-1]))

    page.route("**/explain", fulfil)
    return asked


def what_if(page: Page) -> Locator:
    """The values to try."""
    return page.get_by_role("region", name="What if?")


def await_levers(page: Page) -> None:
    """Wait until there are values to try: what the page asks for by itself has been answered."""
    expect(slider(page, CALLS)).to_be_visible(timeout=30_000)
    expect(page.locator("customer-card .reason").first).to_be_visible()


def box(page: Page, label: str) -> Locator:
    """The number box of a value to try."""
    return field(page, f"{label} to try")


def slider(page: Page, label: str) -> Locator:
    """The slider beside it."""
    return page.get_by_role("slider", name=f"{label}, slider", exact=True)


def switch(page: Page, label: str) -> Locator:
    """The switch of a plan to try."""
    return page.get_by_role("switch", name=f"{label} to try", exact=True)


def begin(page: Page) -> None:
    """Analyse a customer in the form and wait for the values to try."""
    fill_core(page)
    fill_minutes(page)
    page.get_by_role("button", name="Analyze customer").click()
    await_levers(page)


def begin_risky(page: Page, base_url: str, customer_id: str, **changes: Any) -> None:
    """Open the page of a customer in the highest tier."""
    store(base_url, a_customer(customerId=customer_id, **(RISKY | changes)))
    page.goto(address(customer_id))
    await_levers(page)
    assert "High risk" in visible_text(page.locator("what-if-outcome"))


def answered(page: Page, move: Callable[[], object]) -> dict[str, Any]:
    """Make a move and give what was asked and answered."""
    with page.expect_response("**/explain") as came:
        move()
    came.value.finished()
    return {"sent": came.value.request.post_data_json, **came.value.json()}


def outcome(page: Page) -> str:
    """The sentence about the chance."""
    return visible_text(page.locator(OUTCOME))


def percent(probability: float) -> int:
    """Whole percentage, as a person sees it."""
    return 0 if probability < 0.01 else 100 if probability > 0.99 else int(probability * 100 + 0.5)
