"""Simulated customers written down as requests, for whatever drives the API."""

import json
from typing import Any

from app.telecom.features import CORE_FIELDS, FIELDS
from training.simulate import simulate

Customer = dict[str, Any]


def simulated_customers(n_rows: int, seed: int, *, with_minutes: bool = True, id_prefix: str = "") -> list[Customer]:
    """Draw request objects (wire names, yes/no, whole numbers as integers).

    With ``id_prefix`` each carries a ``customerId`` of that prefix and its position, so no two are the same customer.
    """
    fields = FIELDS if with_minutes else CORE_FIELDS
    frame = simulate(n_rows, seed)
    columns: dict[str, list[Any]] = {}
    for field in fields:
        values = frame[field.name]
        if field.kind == "flag":
            columns[field.alias] = ["yes" if value else "no" for value in values]
        elif field.kind == "count":
            columns[field.alias] = [int(value) for value in values]
        else:
            columns[field.alias] = values.tolist()
    if id_prefix:
        columns["customerId"] = [f"{id_prefix}{position}" for position in range(n_rows)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def json_bytes(value: Any) -> bytes:
    """Encode compactly, as a browser's ``JSON.stringify`` does."""
    return json.dumps(value, separators=(",", ":")).encode()
