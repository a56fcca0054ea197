"""Customers stored through the real API, and what a person sees of them."""

import json
import urllib.request
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Locator, Page

from tests.factories import a_customer
from tests.simulated_requests import simulated_customers

RISKY = {"internationalPlan": "yes", "voiceMailPlan": "no", "numberOfVmailMessages": 0, "customerServiceCalls": 5}
STORE_BUTTON = "Store as this customer\u2019s new profile"
ODD_IDS = [
    "<img/src=x/onerror=alert(1)>",
    "\"><script>alert('1')</script>",
    "a/b?c=d#e%20f&g=%2F",
    "O'Brien+\"&amp;",
    "%",
    "W" * 64,
]


def ask(url: str, method: str, path: str, document: Any = None) -> Any:
    """Send one request to the service and read its JSON; None for an answer without a body."""
    body = None if document is None else json.dumps(document).encode()
    headers = {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(url + path, data=body, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def store(url: str, *customers: dict[str, Any]) -> list[dict[str, Any]]:
    """Score customers, which stores those that have an id, and give the answers."""
    answers: list[dict[str, Any]] = ask(url, "POST", "/batch-predict", list(customers))["predictions"]
    return answers


def store_many(url: str, number: int, prefix: str) -> None:
    """Store simulated customers called prefix0, prefix1, ..."""
    store(url, *simulated_customers(number, seed=5, id_prefix=prefix))


def store_history(url: str, customer_id: str) -> list[dict[str, Any]]:
    """Store a calm customer that becomes a risky one in three predictions."""
    calm = a_customer(customerId=customer_id)
    steps = [calm, calm | {"customerServiceCalls": 3}, calm | RISKY]
    return [answer for step in steps for answer in store(url, step)]


def address(customer_id: str) -> str:
    """Address of a customer's page."""
    return f"/customer.html?id={quote(customer_id, safe='')}"


def resource(customer_id: str) -> str:
    """Path of a customer in the API."""
    return f"/customers/{quote(customer_id, safe='')}"


def rows(page: Page) -> Locator:
    """The rows of the list of customers."""
    return page.locator("customer-table tbody tr")


def shown_ids(page: Page) -> list[str]:
    """The ids in the list, from top to bottom."""
    return rows(page).get_by_role("link").all_inner_texts()
