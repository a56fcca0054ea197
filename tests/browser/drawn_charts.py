"""A chart of each kind, and a page under the service's own policy that draws nothing but charts."""

import os
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from app.settings import ROOT
from app.web.security_headers import CONTENT_SECURITY_POLICY

LIBRARY = ROOT / "static" / "vendor" / "echarts.js"
ADDRESS = "/charts-under-test"
STYLES = ("tokens", "base", "layout", "components/data-table", "components/data-chart")
Json = dict[str, Any]


def axis(label: str, unit: str, **changes: Any) -> Json:
    return {"label": label, "unit": unit, "min": None, "max": None, "categories": None} | changes


def series(name: str, points: list[list[float]], role: str = "main", band: Any = None) -> Json:
    return {"name": name, "role": role, "points": points, "band": band}


def chart(kind: str, x: Json, y: Json, *drawn: Json, **changes: Any) -> Json:
    given = {"id": kind, "kind": kind, "name": f"A {kind} chart", "title": f"This is what {kind} charts say.", "x": x}
    return given | {"y": y, "series": list(drawn), "marks": [], "links": None, "notes": []} | changes


def names(label: str, *categories: str) -> Json:
    return axis(label, "words", categories=list(categories))


STEPS = [[step / 100, (step / 100) ** 0.5] for step in range(101)]
CHARTS: dict[str, Json] = {
    "line": chart(
        "line", axis("Share of stayers called", "share", min=0, max=1), axis("Share of leavers called", "share"),
        series("This model", STEPS, band=[[x, y * 0.9, y] for x, y in STEPS]),
        series("Logistic regression", [[x, x**0.8] for x, _ in STEPS], "rival"),
        series("Guessing", [[0, 0], [1, 1]], "reference"),
        marks=[{"axis": "x", "value": 0.2, "label": "cut-point 0.30"}], notes=["The band is a 95 % interval."],
    ),
    "scatter": chart(
        "scatter", axis("By the formula", "usd"), axis("As answered", "usd"),
        series("Customers", [[1000 + 17 * n, 1100 + 16 * n] for n in range(200)]),
        series("Equal", [[0, 0], [4400, 4400]], "reference"),
    ),
    "bars": chart(
        "bars", names("Field", "Service calls", "International plan", "Voice mail messages of a month"),
        axis("Part of the largest", "share"), series("SHAP", [[0, 1], [1, 0.5], [2, 0.1]]),
        series("Permutation", [[0, 1], [1, 0.2], [2, -0.02]], "rival"),
    ),
    "columns": chart(
        "bars", axis("Probability", "probability", categories=[f"{n / 10} to {(n + 1) / 10}" for n in range(10)]),
        axis("Customers", "count"), series("Left", [[n, 10 * n] for n in range(10)]),
    ),
    "waterfall": chart(
        "waterfall", names("Field", "Service calls", "Voice mail plan"), axis("Forest score", "number"),
        series("Contribution", [[0, 0.4], [1, -0.1]]),
        marks=[{"axis": "y", "value": 0.2, "label": "Typical"}, {"axis": "y", "value": 0.5, "label": "This customer"}],
    ),
    "radar": chart(
        "radar", names("Measure", "Day minutes", "Night minutes", "Service calls"), axis("Place", "share", max=1),
        series("Callers", [[0, 0.9], [1, 0.4], [2, 0.3]]), series("Savers", [[0, 0.2], [1, 0.5], [2, 0.6]], "rival"),
    ),
    "heatmap": chart(
        "heatmap", names("Tier", "Low", "High"), axis("Value band", "usd", categories=["standard", "high"]),
        series("Value at risk", [[0, 0, 10], [1, 0, 2000], [0, 1, 900], [1, 1, 51000]]),
        links=["/customers.html?q=a", "/customers.html?q=b", "/customers.html?q=c", "/customers.html?q=d"],
    ),
}  # fmt: skip


def require_library() -> None:
    """Skip where the charts could not be fetched; in CI they must be there."""
    if LIBRARY.exists():
        return
    reason = "the chart library is not installed: scripts/start and scripts/test fetch it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def templates() -> str:
    """Cut the two templates that a chart needs out of the Models page."""
    text = (ROOT / "static" / "models.html").read_text(encoding="utf-8")
    wanted = ("data-chart-template", "value-table-template")
    return "".join(re.search(rf'<template id="{name}">.*?</template>', text, re.S)[0] for name in wanted)  # type: ignore[index]


def open_charts(page: Page, kinds: list[str]) -> list[Locator]:
    """Show some charts under the policy of every page, and wait until they are drawn."""
    styles = "".join(f'<link rel="stylesheet" href="/static/css/{name}.css">' for name in STYLES)
    head = f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>Charts</title>{styles}'
    script = '<script type="module" src="/static/js/elements/data-chart.js"></script>'
    body = f"<main><h1>Charts</h1>{'<data-chart></data-chart>' * len(kinds)}</main>{templates()}"
    html = f'<!doctype html><html lang="en"><head>{head}{script}</head><body>{body}</body></html>'
    headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": CONTENT_SECURITY_POLICY}

    def answer(route: Route) -> None:
        route.fulfill(body=html, headers=headers)

    page.route(f"**{ADDRESS}", answer)
    page.goto(ADDRESS)
    page.evaluate(
        """async (charts) => {
             await customElements.whenDefined("data-chart");
             [...document.querySelectorAll("data-chart")].forEach((element, place) => (element.chart = charts[place]));
           }""",
        [CHARTS[kind] for kind in kinds],
    )
    return [page.locator("data-chart").nth(place) for place in range(len(kinds))]


def wait_drawn(found: list[Locator]) -> None:
    """Wait until each has its canvas; a heatmap has one for each of its layers."""
    for each in found:
        expect(each.locator("canvas").first).to_be_attached()


def picture(found: Locator) -> str:
    """What the canvas holds, as text: two equal pictures are equal texts."""
    return str(found.locator("canvas").evaluate_all("(layers) => layers.map((one) => one.toDataURL()).join()"))
