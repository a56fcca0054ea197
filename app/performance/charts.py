"""The charts of a version as plain JSON: every number that is drawn, and one sentence that says what it shows."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from app.performance.curves import Ranked, average_precision, gain_curve, precision_recall_curve, roc_auc, roc_curve
from app.performance.held_out import Figure, Floats, HeldOut, band, decimal, figure
from app.performance.money import CUT_POINTS, PER, Answer, Inputs, taken_off

Chart = dict[str, Any]
Point = list[float]

HISTOGRAM_EDGES: Final = np.arange(21) / 20
MOST_POINTS: Final = 300
"""Customers drawn in a scatter; the figures beside it rest on all of them."""
_SHARE: Final = {"unit": "share", "min": 0.0, "max": 1.0}
_PROBABILITY: Final = {"unit": "probability", "min": 0.0, "max": 1.0}


def roc_chart(steps: Ranked, cut_point: float) -> Chart:
    """Draw how many leavers are reached at which price in stayers called."""
    x, y = roc_curve(steps)
    auc = figure(roc_auc(steps))
    place = int((steps.score >= cut_point).sum())
    line = {**_line("This model", x, y), "points": [[0.0, 0.0], *_points(x, y[0])]}
    return {
        **_named("roc", "line", "ROC curve"),
        "title": f"The model ranks a leaver above a stayer {_between(auc)} of the time; guessing, half of the time.",
        "x": {"label": "Share of stayers called", **_SHARE},
        "y": {"label": "Share of leavers called", **_SHARE},
        "series": [line, _reference("Guessing", [[0.0, 0.0], [1.0, 1.0]])],
        "marks": [_mark("x", steps.false_positive_rate[0, place], f"cut-point {cut_point:.2f}")],
    }


def precision_recall_chart(steps: Ranked, churn_rate: float, cut_point: float) -> Chart:
    """Draw how precise calls are at each share of leavers reached."""
    x, y = precision_recall_curve(steps)
    precision = figure(average_precision(steps))
    place = int((steps.score >= cut_point).sum())
    return {
        **_named("precision-recall", "line", "Precision and recall"),
        "title": f"Averaged over the leavers reached, {_between(precision)} of calls are right; "
        f"of calls at random {percent(churn_rate)} would be.",
        "x": {"label": "Share of leavers called (recall)", **_SHARE},
        "y": {"label": "Share of calls that are right (precision)", **_SHARE},
        "series": [
            _line("This model", x, y),
            _reference("Calling at random", [[0.0, decimal(churn_rate)], [1.0, decimal(churn_rate)]]),
        ],
        "marks": [_mark("x", steps.recall[0, place], f"cut-point {cut_point:.2f}")],
    }


def calibration_chart(bins: Sequence[Mapping[str, Any]], error: float) -> Chart:
    """Draw the share that left against the probability that was said, bin by bin."""
    inside = sum(1 for part in bins if part["observed"]["low"] <= part["mean_probability"] <= part["observed"]["high"])
    places = [part["mean_probability"] for part in bins]
    held = {
        **_series("This model", "main", [[x, part["observed"]["value"]] for x, part in zip(places, bins, strict=True)]),
        "band": [[x, part["observed"]["low"], part["observed"]["high"]] for x, part in zip(places, bins, strict=True)],
    }
    return {
        **_named("calibration", "line", "Calibration"),
        "title": f"What was said came true within the error of counting in {inside} of {len(bins)} bins; "
        f"said and seen differ by {100 * error:.1f} points on average.",
        "x": {"label": "Mean churn probability that was said", **_PROBABILITY},
        "y": {"label": "Share that left", **_SHARE},
        "series": [held, _reference("Said is seen", [[0.0, 0.0], [1.0, 1.0]])],
        "notes": [
            f"Said {percent(part['mean_probability'], 1)}: {part['churned']} of {part['customers']} customers left."
            for part in bins
        ],
    }


def gain_chart(steps: Ranked, churn_rate: float) -> Chart:
    """Draw the share of leavers reached by calling from the top."""
    x, y = gain_curve(steps)
    reached = _between(figure(y[:, _place(x, churn_rate)]))
    return {
        **_named("gain", "line", "Cumulative gain"),
        "title": f"Calling the {percent(churn_rate)} of customers with the highest probability reaches {reached} "
        "of the leavers.",
        "x": {"label": "Share of customers called, highest probability first", **_SHARE},
        "y": {"label": "Share of leavers reached", **_SHARE},
        "series": [
            {**_line("This model", x, y), "points": [[0.0, 0.0], *_points(x, y[0])]},
            _reference("Perfect knowledge", [[0.0, 0.0], [decimal(churn_rate), 1.0], [1.0, 1.0]]),
            _reference("Calling at random", [[0.0, 0.0], [1.0, 1.0]]),
        ],
    }


def lift_chart(steps: Ranked) -> Chart:
    """Draw how many times more leavers than at random are among those called."""
    x, y = gain_curve(steps)
    lift = y / x
    tenth = figure(lift[:, _place(x, 1 / 10)])
    return {
        **_named("lift", "line", "Lift"),
        "title": f"Among the tenth with the highest probability leavers are {tenth['value']:.1f} times as frequent "
        f"as in the portfolio ({tenth['low']:.1f} to {tenth['high']:.1f}).",
        "x": {"label": "Share of customers called, highest probability first", **_SHARE},
        "y": {"label": "Times as many leavers as at random", "unit": "number", "min": 0.0},
        "series": [_line("This model", x, lift), _reference("Calling at random", [[0.0, 1.0], [1.0, 1.0]])],
    }


def histogram_chart(held_out: HeldOut, cut_point: float) -> Chart:
    """Draw how probabilities are spread, leavers and stayers apart."""
    names = [f"{low:.2f} to {high:.2f}" for low, high in pairwise(HISTOGRAM_EDGES.tolist())]
    series = []
    for name, role, label in (("Stayed", "rival", ~held_out.churned), ("Left", "main", held_out.churned)):
        counts, _ = np.histogram(held_out.churn_probability[label], HISTOGRAM_EDGES)
        series.append(_series(name, role, [[place, count] for place, count in enumerate(counts.tolist())]))
    low = (held_out.churn_probability[held_out.churned] < cut_point).mean()
    high = (held_out.churn_probability[~held_out.churned] >= cut_point).mean()
    return {
        **_named("score-histogram", "bars", "Spread of probabilities"),
        "title": f"{percent(low)} of those who left were below {cut_point:.2f}; "
        f"{percent(high, 1)} of those who stayed were not.",
        "x": {"label": "Churn probability", "unit": "probability", "categories": names},
        "y": {"label": "Customers", "unit": "count", "min": 0.0},
        "series": series,
    }


def clv_charts(held_out: HeldOut, figures: Mapping[str, Any]) -> list[Chart]:
    """Draw answered lifetime values against the formula's, and what is left over."""
    order = np.argsort(held_out.target_clv_usd, kind="stable")
    shown = order[np.linspace(0, len(order) - 1, min(MOST_POINTS, len(order))).round().astype(np.intp)]
    target, answered = held_out.target_clv_usd[shown], held_out.clv_usd[shown]
    top = decimal(max(held_out.target_clv_usd.max(), held_out.clv_usd.max()))
    error = figures["mean_absolute_error_usd"]
    some = f"{len(shown)} of {len(order)} customers are drawn, evenly over the values; the figures rest on all."
    return [
        {
            **_named("clv-predicted", "scatter", "Lifetime value: answered and by the formula"),
            "title": f"Answered lifetime values explain {percent(figures['r2']['value'], 1)} of the differences "
            "between the formula's.",
            "x": {"label": "By the formula from the true bill", "unit": "usd", "min": 0.0},
            "y": {"label": "As answered", "unit": "usd", "min": 0.0},
            "series": [
                _series("Customers", "main", _points(target, answered)),
                _reference("Answered is the formula's", [[0.0, 0.0], [top, top]]),
            ],
            "notes": ["The target is derived by a formula, not observed.", some],
        },
        {
            **_named("clv-residuals", "scatter", "Lifetime value: what is left over"),
            "title": "Answers miss the formula by "
            + (f"{error['value']:,.0f} USD on average." if error["value"] >= 1 else "less than a dollar on average."),
            "x": {"label": "As answered", "unit": "usd", "min": 0.0},
            "y": {"label": "Answered less the formula's", "unit": "usd"},
            "series": [
                _series("Customers", "main", _points(answered, answered - target)),
                _reference("No error", [[0.0, 0.0], [top, 0.0]]),
            ],
            "notes": [some],
        },
    ]


def importance_chart(rows: Sequence[Mapping[str, Any]]) -> Chart:
    """Draw both importances side by side, each as a share of its largest."""
    best = rows[0]
    series = []
    for name, role, key in (("SHAP", "main", "shap"), ("Permutation", "rival", "auc_drop")):
        values = np.array([row[key]["value"] for row in rows])
        largest = max(float(values.max()), 1e-12)
        series.append(_series(name, role, [[place, decimal(v / largest)] for place, v in enumerate(values.tolist())]))
    other = max(rows, key=lambda row: float(row["auc_drop"]["value"]))
    agree = "both ways of asking agree" if other is best else f"by permutation, {_inside(other['label'])}"
    return {
        **_named("importance", "bars", "Importance"),
        "title": f"What moves the score most: {_inside(best['label'])}; {agree}.",
        "x": {"label": "Field", "unit": "words", "categories": [row["label"] for row in rows]},
        "y": {"label": "Share of the largest", "unit": "share", "max": 1.0},
        "series": series,
        "notes": [
            "SHAP: mean absolute contribution to the forest's score. Permutation: drop of the AUC when the field's "
            "values are shuffled among customers. Each is drawn as a share of its own largest."
        ],
    }


def profit_chart(answer: Answer, inputs: Inputs) -> Chart:
    """Draw profit over cut-points with its band, the best cut-point marked where there is one."""
    main = _series("Profit", "main", _points(CUT_POINTS, answer.profit, 2))
    lines = zip(CUT_POINTS.tolist(), answer.low.tolist(), answer.high.tolist(), strict=True)
    main["band"] = [[x, round(low, 2), round(high, 2)] for x, low, high in lines]
    return {
        **_named("profit", "line", "Profit over cut-points"),
        "x": {"label": "Cut-point", "unit": "number", "min": 0.0, "max": 1.0},
        "y": {"label": f"Profit for {PER:,} customers", "unit": "usd"},
        "series": [main, _reference("Call nobody", [[0.0, 0.0], [1.0, 0.0]])],
        **_best_of(answer, f"at an assumed save rate of {percent(inputs.save_rate)}"),
    }


def _best_of(answer: Answer, assumed: str) -> Chart:
    """Say which cut-point earns most: title, marks and notes of the profit chart."""
    best, profit = answer.best, answer.best["profit_usd_per_1000"]
    band_note = "The band covers the choice of customers and the range of the save rate."
    if best["cut_point"] is None:
        chance = "Where the curve lies above 0, choosing a cut-point on these same customers explains it."
        notes = [band_note, chance] if answer.profit.max() > 0 else [band_note]
        return {"title": f"No cut-point pays for its calls {assumed}.", "marks": [], "notes": notes}
    return {
        "title": f"Calling from {best['cut_point']:.2f} earns most: {profit['value']:,.0f} USD for {PER:,} customers "
        f"({profit['low']:,.0f} to {profit['high']:,.0f}), {assumed}.",
        "marks": [_mark("x", best["cut_point"], f"best cut-point {best['cut_point']:.2f}")],
        "notes": [band_note, f"The curve is as counted; of the profit in the title {taken_off(best)}"],
    }


def _named(id_: str, kind: str, name: str) -> Chart:
    return {"id": id_, "kind": kind, "name": name, "marks": [], "links": None, "notes": []}


def _series(name: str, role: str, points: list[Point]) -> Chart:
    return {"name": name, "role": role, "points": points, "band": None}


def _reference(name: str, points: list[Point]) -> Chart:
    return _series(name, "reference", points)


def _line(name: str, x: Floats, y: Floats) -> Chart:
    low, high = band(y)
    lines = zip(x.tolist(), low.tolist(), high.tolist(), strict=True)
    return {**_series(name, "main", _points(x, y[0])), "band": [[a, decimal(b), decimal(c)] for a, b, c in lines]}


def _points(x: Floats, y: Floats, decimals: int = 6) -> list[Point]:
    pairs = zip(np.round(x, decimals).tolist(), np.round(y, decimals).tolist(), strict=True)
    return [[a + 0.0, b + 0.0] for a, b in pairs]


def _mark(axis: str, value: float, label: str) -> dict[str, Any]:
    return {"axis": axis, "value": decimal(value), "label": label}


def _place(x: Floats, at: float) -> int:
    return int(np.abs(x - at).argmin())


def percent(share: float, decimals: int = 0) -> str:
    """Write a share as a person reads it: "14 %"."""
    return f"{100 * share:.{decimals}f} %"


def _between(found: Figure) -> str:
    return f"{percent(found['value'])} ({100 * found['low']:.0f} to {percent(found['high'])})"


def _inside(label: str) -> str:
    return label[0].lower() + label[1:]
