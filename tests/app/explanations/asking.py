"""Ask the service as a caller does, and expect a status."""

import re
from typing import Any

from starlette.testclient import TestClient

from tests.factories import a_customer

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
Json = dict[str, Any]


def ask(client: TestClient, path: str, customer: Any, status: int = 200) -> Json:
    answer = client.post(path, json=customer)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def stored(client: TestClient, **changes: Any) -> Json:
    customer = a_customer(customerId="C-1", **changes)
    return ask(client, "/predict", {name: value for name, value in customer.items() if value is not None})


def get(client: TestClient, path: str, status: int = 200, **query: Any) -> Json:
    answer = client.get(path, params=query)
    assert answer.status_code == status, answer.text
    return dict(answer.json())
