"""Write segments and value at risk as CSV."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.segments.assignment import DESCRIBED
from app.telecom.policy import TIERS
from app.web.csv_cells import LINE_END, neutralise, write_lines

_TIERS: Final = tuple(reversed(TIERS))
SEGMENT_COLUMNS: Final = (
    "segment",
    "persona",
    "what_sets_it_apart",
    "what_it_is_worth",
    "training_customers",
    "training_share",
    "training_churn_rate",
    "training_churn_rate_low",
    "training_churn_rate_high",
    "training_mean_clv_usd",
    "training_value_at_risk_usd",
    "customers",
    "share",
    "mean_churn_probability",
    "churned_customers",
    "stayed_customers",
    "mean_clv_usd",
    "value_at_risk_usd",
    *(f"{tier.lower()}_risk_customers" for tier in _TIERS),
    *(f"training_mean_{described.name}" for described in DESCRIBED),
)
RISK_COLUMNS: Final = ("value_band", "tier", "customers", "value_at_risk_usd")


def segment_lines(answer: Mapping[str, Any]) -> bytes:
    """Write the body of GET /segments, one line a segment; what is not known is empty."""
    return _as_bytes([SEGMENT_COLUMNS, *(_segment_cells(segment) for segment in answer["segments"])])


def value_at_risk_lines(answer: Mapping[str, Any]) -> bytes:
    """Write the body of GET /value-at-risk, one line a cell."""
    return _as_bytes([RISK_COLUMNS, *([cell[name] for name in RISK_COLUMNS] for cell in answer["cells"])])


def _segment_cells(segment: Mapping[str, Any]) -> list[Any]:
    training: Mapping[str, Any] = segment["training"] or {}
    rate: Mapping[str, Any] = training.get("churn_rate") or {}
    portfolio: Mapping[str, Any] = segment["portfolio"]
    sentences: list[str] = [*segment["sentences"], ""]
    means = {difference["feature"]: difference["mean"] for difference in segment["differences"]}
    return [
        segment["id"],
        segment["persona"],
        *sentences[:2],
        *(training.get(name) for name in ("customers", "share")),
        *(rate.get(name) for name in ("value", "low", "high")),
        *(training.get(name) for name in ("mean_clv_usd", "value_at_risk_usd")),
        *(portfolio[name] for name in ("customers", "share", "mean_churn_probability")),
        *(portfolio["observed"][name] for name in ("churned", "stayed")),
        *(portfolio[name] for name in ("mean_clv_usd", "value_at_risk_usd")),
        *(portfolio["tiers"][tier] for tier in _TIERS),
        *(means.get(described.name) for described in DESCRIBED),
    ]


def _as_bytes(rows: Sequence[Sequence[Any]]) -> bytes:
    cells = [["" if value is None else neutralise(str(value)) for value in row] for row in rows]
    return "".join(f"{line}{LINE_END}" for line in write_lines(cells)).encode()
