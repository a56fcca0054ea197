"""What a person does and sees on the Segments page, and segments as the service would answer them."""

from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from app.telecom.policy import TIERS, VALUE_BANDS

AXES = ["Account length", "Day minutes", "Evening minutes", "Night minutes", "International minutes", "Bill"]
PERSONAS = ["Heavy day callers", "Voice mail users", "Long-standing, calm customers", "New customers"]


def a_segment(place: int, persona: str, **changes: Any) -> dict[str, Any]:
    """A segment of 100 and some scored customers; a lower place is worth more."""
    customers = 100 + 40 * place
    return {
        "id": place,
        "persona": persona,
        "href": f"/customers.html?segment={place}",
        "sentences": [
            f"{persona} stand out by 41 % more day minutes than all customers.",
            "Their bill is 22 % higher, and 9 % of them have an international plan.",
        ],
        "training": {
            "customers": 800 + place,
            "share": 0.25,
            "churn_rate": {"value": 0.28 - 0.06 * place, "low": 0.25 - 0.06 * place, "high": 0.31 - 0.06 * place},
            "mean_clv_usd": 6200.0 - 900 * place,
            "value_at_risk_usd": 1_400_000.0 - 250_000 * place,
        },
        "portfolio": {
            "customers": customers,
            "share": customers / 640,
            "mean_churn_probability": 0.31 - 0.07 * place,
            "observed": {"churned": 0, "stayed": 0},
            "mean_clv_usd": 6312.4 - 900 * place,
            "value_at_risk_usd": 198_000.0 - 41_000 * place,
            "tiers": dict(zip(TIERS, (customers - 50, 20, 30), strict=True)),
        },
        "differences": [],
        "profile": [],
        **changes,
    }


def differences(segment: dict[str, Any]) -> dict[str, Any]:
    """The chart of what sets a segment apart."""
    place = segment["id"]
    points = [[axis, round(1.4 - 0.35 * axis - 0.1 * place, 2)] for axis in range(len(AXES))]
    return {
        "id": f"differences-{place}",
        "kind": "bars",
        "name": f"{segment['persona']} against all",
        "title": f"{segment['persona']} stand out most by their account length.",
        "x": {"label": "Feature", "unit": "words", "categories": AXES},
        "y": {"label": "Difference from the mean of all, in standard deviations", "unit": "number"},
        "series": [{"name": segment["persona"], "role": "main", "points": points}],
        "marks": [],
        "links": None,
        "notes": [],
    }


def charts(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every chart of GET /segments."""
    words = [segment["persona"] for segment in segments]
    share = {"label": "Share", "unit": "share", "min": 0}

    def chart(name: str, kind: str, title: str, **rest: Any) -> dict[str, Any]:
        return {"id": name, "kind": kind, "name": name, "title": title, "marks": [], "notes": [], **rest}

    def series(name: str, values: list[float], role: str = "main") -> dict[str, Any]:
        return {"name": name, "role": role, "points": [[place, value] for place, value in enumerate(values)]}

    profiles = [series(word, [(0.9 - 0.2 * at + 0.1 * axis) % 1 for axis in range(6)]) for at, word in enumerate(words)]
    profiles.append(series("All customers", [0.5] * len(AXES), "reference"))
    sizes = series("Share of customers", [0.16 + 0.06 * place for place, _ in enumerate(words)])
    chances = series("Chance of leaving", [0.31 - 0.07 * place for place, _ in enumerate(words)], "rival")
    counts = {"label": "Number of segments", "unit": "count", "min": 2, "max": 10}
    curve = {"name": "Mean", "role": "main", "points": [[k, 0.42 - 0.02 * abs(k - 4)] for k in range(2, 11)]}
    return [
        chart("profiles", "radar", "Profiles of the segments differ most in day minutes.",
              x={"label": "Feature", "unit": "words", "categories": AXES}, y=share, series=profiles),
        chart("size-and-churn", "bars", f"{words[0]} are the smallest group and the likeliest to leave.",
              x={"label": "Segment", "unit": "words", "categories": words}, y=share, series=[sizes, chances]),
        chart("silhouette", "line", "Silhouettes are highest with 4 segments.", x=counts,
              y={"label": "Mean silhouette", "unit": "number", "min": 0}, series=[curve]),
        chart("stability", "line", "Resamples agree most on 4 segments.", x=counts,
              y={"label": "Mean adjusted Rand index", "unit": "number", "min": 0}, series=[curve]),
        *map(differences, segments),
    ]  # fmt: skip


def the_segments(**changes: Any) -> dict[str, Any]:
    """An answer of GET /segments with four segments in a portfolio of 640 customers."""
    segments = changes.pop("segments", None) or [a_segment(*entry) for entry in enumerate(PERSONAS)]
    return {
        "model": {"name": "telecom-segments", "version": "1"},
        "method": "kmeans",
        "k": len(segments),
        "message": f"{PERSONAS[0]} hold the most value at risk: 198,000 USD, 36.3 % of all.",
        "finding": "Four groups hold: they gave the highest silhouette and the most stable groups.",
        "limits": ["One cross-section only.", "Without their minutes 37 % come into another segment."],
        "figures": "portfolio",
        "scored_customers": 640,
        "unassigned": {"customers": 0, "value_at_risk_usd": 0.0, "note": ""},
        "segments": segments,
        "charts": charts(segments),
        "updated_at": "2026-11-21T03:28:11.000000Z",
        **changes,
    }


def the_value_at_risk(**changes: Any) -> dict[str, Any]:
    """An answer of GET /value-at-risk: each cell twice as much as the one before."""
    places = [(band, tier) for band in range(len(VALUE_BANDS)) for tier in range(len(TIERS))]
    cells = [
        {
            "value_band": VALUE_BANDS[band],
            "tier": TIERS[tier],
            "customers": 10 * (place + 1),
            "value_at_risk_usd": 1000.0 * 2**place,
            "href": f"/customers.html?tier={TIERS[tier]}&value_band={VALUE_BANDS[band]}",
        }
        for place, (band, tier) in enumerate(places)
    ]
    points = [[tier, band, cell["value_at_risk_usd"]] for (band, tier), cell in zip(places, cells, strict=True)]
    return {
        "updated_at": "2026-11-21T03:28:11.000000Z",
        "value_bands": list(VALUE_BANDS),
        "tiers": list(TIERS),
        "cells": cells,
        "total": {"customers": 210, "value_at_risk_usd": 63_000.0},
        "message": "Half of the value at risk is with the high-value customers at high risk.",
        "chart": {
            "id": "value-at-risk",
            "kind": "heatmap",
            "name": "Value at risk",
            "title": "Half of the value at risk is with the high-value customers at high risk.",
            "x": {"label": "Risk tier", "unit": "words", "categories": list(TIERS)},
            "y": {"label": "Value band", "unit": "usd", "categories": [f"{band} value" for band in VALUE_BANDS]},
            "series": [{"name": "Value at risk", "role": "main", "points": points}],
            "marks": [],
            "links": [cell["href"] for cell in cells],
            "notes": [],
        },
        **changes,
    }


NOBODY: dict[str, Any] = {
    "customers": 0, "share": 0.0, "mean_churn_probability": None, "observed": {"churned": 0, "stayed": 0},
    "mean_clv_usd": None, "value_at_risk_usd": 0.0, "tiers": dict.fromkeys(TIERS, 0),
}  # fmt: skip
NO_RISK = the_value_at_risk(total={"customers": 0, "value_at_risk_usd": 0.0})


def learned_only() -> dict[str, Any]:
    """Tell what is different while nobody is scored."""
    segments = [a_segment(place, persona, portfolio=NOBODY) for place, persona in enumerate(PERSONAS)]
    return {"scored_customers": 0, "figures": "training", "segments": segments, "risk": NO_RISK}


def answer_segments(page: Page, segments: dict[str, Any], risk: dict[str, Any]) -> None:
    """From now on the service says this about segments."""

    def answer(route: Route) -> None:
        route.fulfill(json=risk if route.request.url.endswith("/value-at-risk") else segments)

    for path in ("**/segments", "**/value-at-risk"):
        page.route(path, answer)


def open_segments(page: Page, search: str = "", risk: dict[str, Any] | None = None, **changes: Any) -> None:
    """Open the page with segments as the service would describe them."""
    answer_segments(page, the_segments(**changes), risk or the_value_at_risk())
    page.goto(f"/segments.html{search}")
    expect(page.get_by_role("heading", name="Personas")).to_be_visible()


def personas(page: Page) -> Locator:
    """The cards, from top to bottom."""
    return page.locator("persona-card")


def part(page: Page, heading: str) -> Locator:
    """A section by its heading."""
    return page.get_by_role("region", name=heading, exact=True)
