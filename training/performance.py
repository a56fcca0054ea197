"""Work out once, when a version is sealed, what its performance page shows."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.explanations.trees import Forest
from app.performance import charts
from app.performance.curves import calibration_bins, calibration_error, ranked
from app.performance.held_out import COVERAGE, ROUNDS, HeldOut, in_order
from app.performance.slices import LEAST_CHURNED, LEAST_CUSTOMERS, slice_tables
from app.performance.thresholds import threshold_table
from app.telecom.clv import ClvAssumptions, expected_remaining_months, target_clv_usd
from app.telecom.features import FIELD_BY_NAME, FIELDS, YES_NO, design_matrix, monthly_charge_usd
from app.telecom.scoring import ScoringModel, score
from training.datasets import CHURNED, columns_of
from training.importance import correlated_groups, importance_of

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

SCHEMA: Final = 1
COMPARED: Final = ("roc_auc", "average_precision", "brier_score", "log_loss", "calibration_error")
SLICED_BY: Final = tuple(field.name for field in FIELDS if field.kind in ("code", "flag"))


def sorted_for_sealing(frame: pd.DataFrame, model: ScoringModel, assumptions: ClvAssumptions) -> pd.DataFrame:
    """Sort held-out customers as the version keeps them: by probability, whatever the file's order."""
    columns = columns_of(frame)
    probability, target = score(columns, model).churn_probability, target_clv_usd(columns, assumptions)
    return frame.iloc[in_order(probability, target)]


def held_out_of(frame: pd.DataFrame, model: ScoringModel, assumptions: ClvAssumptions) -> HeldOut:
    """Score the held-out customers, sorted by ``sorted_for_sealing``, and keep labels, scores and money of them."""
    columns = columns_of(frame)
    answers = score(columns, model)
    forest_score, _ = model.graph(design_matrix(columns, model.field_set))
    months = expected_remaining_months(assumptions)
    remaining = (monthly_charge_usd(columns) * months).round(2)
    estimated = (answers.clv_usd * months / (columns["account_length"] + months)).round(2)
    return HeldOut(
        churned=frame[CHURNED].to_numpy(np.bool_),
        forest_score=forest_score.astype(np.float64).round(6),
        churn_probability=answers.churn_probability,
        clv_usd=answers.clv_usd,
        target_clv_usd=target_clv_usd(columns, assumptions).round(2),
        remaining_value_usd=remaining,
        predicted_remaining_usd=remaining if model.field_set == "usage" else estimated,
    )


def performance_of(
    card: Mapping[str, Any], held_out: HeldOut, importance: Mapping[str, Any], slices: Mapping[str, Any]
) -> dict[str, Any]:
    """Lay out everything a version's page shows at first: figures, charts, tables and limits.

    Parameters
    ----------
    card : mapping
        The version's card with its held-out figures and its comparison.
    held_out : HeldOut
        The customers those figures rest on.
    importance, slices : mapping
        As ``importance_of`` and ``slices_of`` give them.
    """
    figures, cut_point = card["reported"]["churn"], card["churn"]["decision_cut_point"]
    churned, probability = held_out.churned, held_out.churn_probability
    weights = held_out.resamples(card["seed"])
    steps = ranked(churned, probability, weights)
    bins = calibration_bins(churned, probability)
    drawn = [
        charts.roc_chart(steps, cut_point),
        charts.precision_recall_chart(steps, figures["churn_rate"], cut_point),
        charts.calibration_chart(bins, calibration_error(churned, probability)),
        charts.gain_chart(steps, figures["churn_rate"]),
        charts.lift_chart(steps),
        charts.histogram_chart(held_out, cut_point),
        charts.importance_chart(importance["rows"]),
        *charts.clv_charts(held_out, card["reported"]["clv"]),
    ]
    return {
        "schema": SCHEMA,
        "held_out": {name: card["data"]["reporting"][name] for name in ("file", "rows", "churned")},
        "intervals": f"{100 * COVERAGE:.0f} % intervals over {ROUNDS} resamples of the held-out customers, the same "
        "for every figure.",
        "figures": figures,
        "calibration": {"bins": bins},
        "charts": drawn,
        "thresholds": threshold_table(churned, probability, weights),
        "comparison": comparison_of(card),
        "importance": importance,
        "slices": slices,
        "clv": {
            "figures": card["reported"]["clv"],
            "note": "The target is derived by a formula from tenure and minutes, not observed: these figures say how "
            "well the formula is reproduced.",
        },
        "limits": card["limits"],
    }  # fmt: skip


def comparison_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """Say which rival is clearly better or worse than this model, in the same folds of the training customers."""
    rows = card["churn"]["comparison"]
    better, worse = [], []
    for row in rows[1:]:
        difference = row.get("paired_difference", {}).get("brier_score")
        if difference and difference["high"] < 0:
            better.append(f"{row['model']} ({-difference['value']:.4f} lower)")
        elif difference and difference["low"] > 0:
            worse.append(row["model"])
    found = f"Clearly better by Brier score: {', '.join(better)}." if better else "No rival is clearly better."
    lost = f" Clearly worse: {', '.join(worse)}." if worse else ""
    return {
        "message": found + lost,
        "note": f"{card['data']['training']['rows']:,} training customers, each scored without its own fold. "
        "Differences are to the first model, on the same resamples; they are clear when the interval leaves out zero.",
        "rows": [
            {"model": row["model"], "not_compared": row.get("not_compared"), "is_this_model": place == 0}
            | {name: row.get(name) for name in (*COMPARED, "paired_difference")}
            for place, row in enumerate(rows)
        ],
    }


def slices_of(
    training: pd.DataFrame, out_of_fold: Floats, held_out: pd.DataFrame, probability: Floats, cut_point: float,
    seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Give the figures by state, area code and plan.

    The held-out customers alone are a dozen a state, so the training customers join them with the calibrated
    probability of a forest that was fitted without them.
    """
    both = pd.concat([training, held_out])
    parts = {name: (FIELD_BY_NAME[name].label, _labels(both, name)) for name in SLICED_BY}
    churned = both[CHURNED].to_numpy(np.bool_)
    tables = slice_tables(parts, churned, np.concatenate([out_of_fold, probability]), cut_point, seed)
    return {
        "note": f"{len(both):,} customers, none of whom the scoring forest had seen: {len(held_out):,} held out, and "
        f"{len(training):,} training customers scored without their own fold. Along a field that the model reads, "
        "parts rank worse than the whole by nature: within a part the field tells nobody apart.",
        "least_customers": LEAST_CUSTOMERS,
        "least_churned": LEAST_CHURNED,
        "cut_point": cut_point,
        "dimensions": tables,
    }


def _labels(frame: pd.DataFrame, name: str) -> NDArray[np.str_]:
    if FIELD_BY_NAME[name].kind == "flag":
        return np.where(frame[name].to_numpy(np.float64) > 0, *YES_NO)
    return frame[name].astype(str).to_numpy(dtype=np.str_)


def measure(
    card: Mapping[str, Any], model: ScoringModel, forest: Forest, training: pd.DataFrame, out_of_fold: Floats,
    reporting: pd.DataFrame, assumptions: ClvAssumptions,
) -> tuple[HeldOut, dict[str, Any]]:  # fmt: skip
    """Give what a version keeps of its held-out customers, and all that its page shows of them."""
    held_out = held_out_of(sorted_for_sealing(reporting, model, assumptions), model, assumptions)
    columns, churned = columns_of(reporting), reporting[CHURNED].to_numpy(np.bool_)
    cut_point, seed = card["churn"]["decision_cut_point"], card["seed"]
    groups = correlated_groups(columns_of(training), model)
    importance = importance_of(columns, churned, model, forest, groups, seed)
    slices = slices_of(training, out_of_fold, reporting, score(columns, model).churn_probability, cut_point, seed)
    return held_out, performance_of(card, held_out, importance, slices)
