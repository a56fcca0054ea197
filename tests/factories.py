"""Plain functions that make what tests need: settings, customers as callers send them, rows as they are stored."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import uuid_utils

from app.batch.store import a_new_job
from app.settings import ROOT, Settings
from app.telecom.features import CORE_FIELDS, FIELDS, Columns, FieldSet
from app.telecom.segmenter import Segmenter

_minutes_later = count()
_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def settings_in(data_dir: Path, **changes: Any) -> Settings:
    """Settings of a service that writes to ``data_dir``, whatever this machine's environment says."""
    return Settings(**{"data_dir": data_dir, "database_url": "", "models_dir": ROOT / "models", **changes})


def a_customer(**changes: Any) -> dict[str, Any]:
    """A customer as a caller sends it, with the four minutes: the field table's example."""
    return {**{field.alias: field.example for field in FIELDS}, **changes}


def a_core_customer(**changes: Any) -> dict[str, Any]:
    """A customer as a caller sends it, without the minutes."""
    return {**{field.alias: field.example for field in CORE_FIELDS}, **changes}


def many_customers(count: int, first: int = 0, **changes: Any) -> list[dict[str, Any]]:
    """Customers with ids of their own, of every tier."""
    return [
        a_customer(
            customerId=f"C-{number}",
            customerServiceCalls=number % 7,
            totalDayMinutes=float(80 + number * 37 % 240),
            internationalPlan="yes" if number % 3 == 0 else "no",
            **changes,
        )
        for number in range(first, first + count)
    ]


def a_csv_file(
    customers: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None, delimiter: str = ","
) -> bytes:
    """A CSV file of customers: a column for the id and each field under its wire name, or those named."""
    text = io.StringIO(newline="")
    names = columns or ["customerId", *(field.alias for field in FIELDS)]
    writer = csv.DictWriter(text, names, extrasaction="ignore", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(customers)
    return text.getvalue().encode()


def a_job(**changes: Any) -> dict[str, Any]:
    """A complete row of the jobs table: a file that nobody has begun to read."""
    dialect = {"encoding": "utf-8", "delimiter": ",", "has_header": True, "columns": ["state"], "start": [7, 2]}
    told = {"dialect": {**dialect, "is_big_endian": False}, "fields": {"state": "state"}, "ignored": []}
    return a_new_job(
        **{
            "id": str(uuid_utils.uuid7()),
            "created_at": _FIRST_DAY.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "file_name": "customers.csv",
            "file_bytes": 10,
            "mapping": json.dumps(told),
            "models": "[]",
            "rows_known": 1,
            **changes,
        }
    )


def a_segmenter(*personas: str) -> Segmenter:
    """Segments that a test can foresee: the first is of customers who never call the service, the next of one call."""

    def assign(columns: Columns, _field_set: FieldSet, _clv_usd: Any) -> Any:
        return columns["customer_service_calls"].astype(np.intp) % len(personas)

    return Segmenter("1", assign, personas)


def a_prediction_row(**changes: Any) -> dict[str, Any]:
    """A complete row of the predictions table; each call's is a minute younger than the one before."""
    created_at = _FIRST_DAY + timedelta(minutes=next(_minutes_later))
    return {
        "id": str(uuid_utils.uuid7()),
        "created_at": created_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "request_id": "a-request",
        "customer_id": "C-1",
        "model_name": "telecom-usage",
        "model_version": "1",
        "profile": json.dumps(a_customer()),
        "answer": "{}",
        "churn_probability": 0.1,
        "tier": "Low",
        "clv_cents": 250_000,
        "value_at_risk_cents": 25_000,
        "value_band": 0,
        "segment": -1,
        "monthly_charge_cents": 5_950,
        **changes,
    }
