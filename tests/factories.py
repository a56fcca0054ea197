"""Plain functions that make what tests need: settings, customers as callers send them, rows as they are stored."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import uuid_utils

from app.settings import ROOT, Settings
from app.telecom.features import CORE_FIELDS, FIELDS

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
        "monthly_charge_cents": 5_950,
        **changes,
    }
