"""Print a version's card as one page of HTML that needs nothing else: no script, no font, no image from anywhere."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.performance.charts import percent
from app.performance.service import Opened
from app.registry.artifacts import CHECKSUMS

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE: Final = Path(__file__).with_name("report.html")
DRAWN: Final = ("roc", "precision-recall", "calibration", "gain")
FIGURE_LABELS: Final = {
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "brier_score": "Brier score",
    "log_loss": "Log loss",
    "calibration_error": "Calibration error",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "specificity": "Specificity",
}
CLV_LABELS: Final = {
    "r2": "R2",
    "mean_absolute_error_usd": "Mean absolute error (USD)",
    "root_mean_squared_error_usd": "Root mean squared error (USD)",
    "mean_absolute_error_ratio": "Mean absolute error / mean",
    "interval_coverage": "Share inside the 90 % interval",
}
WIDTH: Final = 300
HEIGHT: Final = 200
MARGIN: Final = 30


def render(opened: Opened) -> str:
    """Fill the template with a version's card, page and checksums; every value is escaped."""
    page, sealed = opened.page, opened.sealed
    charts = {chart["id"]: chart for chart in page["charts"]}
    return _template().render(
        style=_style(),
        name=sealed.name,
        version=sealed.version,
        card=sealed.card,
        page=page,
        figures=_labelled(page["figures"], FIGURE_LABELS),
        clv_figures=_labelled(page["clv"]["figures"], CLV_LABELS),
        charts=[drawing(charts[chart_id]) for chart_id in DRAWN],
        checksums=(sealed.folder / CHECKSUMS).read_text(encoding="ascii").splitlines(),
        seal=hashlib.sha256((sealed.folder / CHECKSUMS).read_bytes()).hexdigest(),
        view={"width": WIDTH, "height": HEIGHT, "margin": MARGIN},
    )


def headers() -> dict[str, str]:
    """Allow the page its one inline style, by digest, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {"Content-Security-Policy": policy}


def drawing(chart: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a chart whose axes run from 0 to 1 into the points of an SVG."""
    lines = [
        {"role": series["role"], "name": series["name"], "points": _points(series["points"])}
        for series in chart["series"]
    ]
    bands = [
        _points([[x, low] for x, low, _ in series["band"]] + [[x, high] for x, _, high in series["band"][::-1]])
        for series in chart["series"]
        if series["band"]
    ]
    axes = {axis: chart[axis]["label"] for axis in ("x", "y")}
    return {"name": chart["name"], "title": chart["title"], "lines": lines, "bands": bands, **axes}


def _points(points: Sequence[Sequence[float]]) -> str:
    across, up = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    return " ".join(f"{MARGIN + across * x:.1f},{HEIGHT - MARGIN - up * y:.1f}" for x, y in points)


def _labelled(figures: Mapping[str, Any], labels: Mapping[str, str]) -> list[tuple[str, Mapping[str, float]]]:
    return [(label, figures[name]) for name, label in labels.items() if name in figures]


def _style() -> str:
    return TEMPLATE.with_suffix(".css").read_text(encoding="utf-8")


@cache
def _template() -> "Template":
    # Here and not on top: a service that nobody asks for a report does not load a template engine.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": partial(percent, decimals=1), "number": _number, "between": _between}
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4f}"


def _between(figure: Mapping[str, float] | None) -> str:
    """A figure with its interval, or a dash where there is none."""
    if not figure:
        return "-"
    if figure.get("low") is None:
        return _number(figure["value"])
    return f"{_number(figure['value'])} ({_number(figure['low'])} to {_number(figure['high'])})"
