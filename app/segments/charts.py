"""The charts of the segments as plain JSON: every number that is drawn, and one sentence that says what it shows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.segments.personas import ALL_CUSTOMERS, Difference, per_cent, shown
from app.telecom.policy import TIERS, VALUE_BANDS

Chart = dict[str, Any]
Segment = Mapping[str, Any]

FEWEST_TO_COMPARE: Final = 30
"""Customers from which a segment can be called the one with the highest risk."""
_SHARE: Final = {"unit": "share", "min": 0.0, "max": 1.0}


def learned_charts(card: Mapping[str, Any]) -> list[Chart]:
    """Draw what a card knows: profiles and differences of its segments, and how their number was found."""
    segments: Sequence[Segment] = card["segments"]
    return [
        profiles_chart(segments),
        *(differences_chart(segment) for segment in segments),
        silhouette_chart(card),
        stability_chart(card),
    ]


def profiles_chart(segments: Sequence[Segment]) -> Chart:
    """Compare where the customers of each segment stand among all customers."""
    axes = [entry["label"] for entry in segments[0]["profile"]]
    overall = [entry["overall"] for entry in segments[0]["profile"]]
    values = [[entry["value"] for entry in segment["profile"]] for segment in segments]
    spans = [max(column) - min(column) for column in zip(*values, strict=True)]
    widest = max(range(len(axes)), key=lambda axis: spans[axis])
    low, high = (pick(range(len(segments)), key=lambda place: values[place][widest]) for pick in (min, max))
    return {
        **_named("profiles", "radar", "Profiles of the segments"),
        "title": f"The segments lie furthest apart in {_lower(axes[widest])}: "
        f"{per_cent(values[low][widest])} for {segments[low]['persona']}, "
        f"{per_cent(values[high][widest])} for {segments[high]['persona']}, "
        f"{per_cent(overall[widest])} for {ALL_CUSTOMERS}.",
        "x": {"label": "What customers are described by", "unit": "words", "categories": axes},
        "y": {"label": "Mean place among all customers", **_SHARE},
        "series": [
            *(
                _series(segment["persona"], "rival" if place else "main", list(enumerate(values[place])))
                for place, segment in enumerate(segments)
            ),
            _series(ALL_CUSTOMERS.capitalize(), "reference", list(enumerate(overall))),
        ],
        "notes": [
            "An axis shows the mean place of a segment's customers among all, from the least (0 %) to the most "
            f"(100 %); equals share their places, and {ALL_CUSTOMERS} together are at 50 %. For a plan it shows the "
            "share that holds it."
        ],
    }


def differences_chart(segment: Segment) -> Chart:
    """Rank what sets a segment apart from all customers."""
    ranked = [Difference(**difference) for difference in segment["differences"]]
    first = ranked[0]
    unit = "" if first.unit == "share" else f" {first.unit}"
    mean, overall = shown(first.feature, first.mean), shown(first.feature, first.overall_mean)
    return {
        **_named(f"differences-{segment['id']}", "bars", f"{segment['persona']} against all customers"),
        "title": f"{segment['persona']}: what stands out most is {_lower(first.label)}, {mean}{unit} "
        f"({ALL_CUSTOMERS}: {overall}).",
        "x": {"label": "What customers are described by", "unit": "words", "categories": [d.label for d in ranked]},
        "y": {"label": "Difference from all customers, in standard deviations", "unit": "number"},
        "series": [
            _series(segment["persona"], "main", [(place, d.standardised) for place, d in enumerate(ranked)]),
        ],
    }


def size_and_churn_chart(segments: Sequence[Segment], is_live: bool) -> Chart:
    """Show how large segments are and how many of their customers leave, or are expected to.

    ``segments`` are those of GET /segments; ``is_live`` says whether their portfolio figures are drawn.
    """
    told = [segment["portfolio" if is_live else "training"] for segment in segments]
    bounds = {place: figures["churn_rate"] for place, figures in enumerate(told) if not is_live}
    rates = (
        [figures["mean_churn_probability"] for figures in told]
        if is_live
        else [rate["value"] if rate else None for rate in bounds.values()]
    )
    known = [(place, rate) for place, rate in enumerate(rates) if rate is not None]
    churn = _series("Mean churn probability" if is_live else "Share that left", "rival", known)
    if not is_live:
        churn["band"] = [[float(place), rate["low"], rate["high"]] for place, rate in bounds.items() if rate]
    sizes = _series("Share of customers", "main", [(place, figures["share"]) for place, figures in enumerate(told)])
    return {
        **_named("size-and-churn", "bars", "Size and churn by segment"),
        "title": _highest_risk(segments, told, known, is_live),
        "x": {"label": "Segment", "unit": "words", "categories": [segment["persona"] for segment in segments]},
        "y": {"label": "Share", "unit": "share", "min": 0.0},
        "series": [sizes, churn],
    }


def _highest_risk(
    segments: Sequence[Segment], told: Sequence[Segment], known: Sequence[tuple[int, float]], is_live: bool
) -> str:
    """Name the segment with the highest risk, of those with enough customers to say so."""
    enough = [(place, rate) for place, rate in known if told[place]["customers"] >= FEWEST_TO_COMPARE]
    if not enough:
        return f"No segment has {FEWEST_TO_COMPARE} customers yet, too few to say which has the highest risk."
    most, rate = max(enough, key=lambda found: found[1])
    words = f"a mean churn probability of {per_cent(rate)}" if is_live else f"{per_cent(rate)} of them left"
    among = f"among {per_cent(told[most]['share'])} of the customers"
    return f"{segments[most]['persona']}: the highest risk, {words}, {among}."


def silhouette_chart(card: Mapping[str, Any]) -> Chart:
    """Show how well each number of groups parts the customers, beside data without groups."""
    curves, floor = card["curves"], card["rule"]["silhouette_floor"]
    best = max(curves["silhouette"], key=lambda point: point["value"])
    title = f"No number of groups will do: the best mean silhouette is {best['value']:.2f}, with {best['k']:g} groups."
    if card["method"] == "kmeans":
        width, cloud = (_at(curves[name], card["k"])["value"] for name in ("silhouette", "one_cloud"))
        title = (
            f"{card['k']} groups part the customers with a mean silhouette of {width:.2f}; one cloud gives {cloud:.2f}."
        )
    return {
        **_named("silhouette", "line", "Silhouette by number of groups"),
        "title": title,
        "x": _counts(curves["silhouette"]),
        "y": {"label": "Mean silhouette", "unit": "number", "min": 0.0, "max": 1.0},
        "series": [
            _curve("These customers", "main", curves["silhouette"]),
            _curve("Each field shuffled on its own", "rival", curves["shuffled"]),
            _curve("One cloud without groups", "reference", curves["one_cloud"]),
        ],
        "marks": [*_in_use(card), {"axis": "y", "value": floor, "label": f"at least {floor:.2f}"}],
        "notes": [card["finding"], card["rule"]["features"], card["rule"]["groups"], *_stricter(card)],
    }


def stability_chart(card: Mapping[str, Any]) -> Chart:
    """Show how well refits on resamples agree with each number of groups."""
    points, floor = card["curves"]["stability"], card["rule"]["stability_floor"]
    best = max(points, key=lambda point: point["value"])
    title = f"Refits agree most on {best['k']:g} groups: {best['value']:.2f}, where 1 is perfect."
    if card["method"] == "kmeans":
        title = f"Refits on resamples agree with the {card['k']} groups by {_at(points, card['k'])['value']:.2f} of 1."
    return {
        **_named("stability", "line", "Stability by number of groups"),
        "title": title,
        "x": _counts(points),
        "y": {"label": "Agreement of refits (adjusted Rand index)", "unit": "number", "max": 1.0},
        "series": [_curve("Mean agreement", "main", points)],
        "marks": [*_in_use(card), {"axis": "y", "value": floor, "label": f"at least {floor:.2f}"}],
        "notes": ["0 is what chance gives. The band holds 95 % of the refits."],
    }


def value_at_risk_chart(cells: Sequence[Mapping[str, Any]], message: str) -> Chart:
    """Show the value at risk by value band and risk tier; each cell leads to the list of its customers."""
    points = [
        [float(TIERS.index(cell["tier"])), float(VALUE_BANDS.index(cell["value_band"])), cell["value_at_risk_usd"]]
        for cell in cells
    ]
    return {
        **_named("value-at-risk", "heatmap", "Value at risk by value band and risk tier"),
        "title": message,
        "x": {"label": "Risk tier", "unit": "words", "categories": list(TIERS)},
        "y": {
            "label": "Value band",
            "unit": "usd",
            "categories": [f"{band.capitalize()} value" for band in VALUE_BANDS],
        },
        "series": [{"name": "Value at risk", "role": "main", "points": points}],
        "links": [cell["href"] for cell in cells],
    }


def _named(chart_id: str, kind: str, name: str) -> Chart:
    return {"id": chart_id, "kind": kind, "name": name, "marks": [], "links": None, "notes": []}


def _series(name: str, role: str, points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    return {"name": name, "role": role, "points": [[float(x), float(y)] for x, y in points], "band": None}


def _curve(name: str, role: str, points: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    band = [[float(point["k"]), point["low"], point["high"]] for point in points]
    return {**_series(name, role, [(point["k"], point["value"]) for point in points]), "band": band}


def _counts(points: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    numbers = [float(point["k"]) for point in points]
    return {"label": "Number of groups", "unit": "count", "min": min(numbers), "max": max(numbers)}


def _in_use(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    if card["method"] != "kmeans":
        return []
    return [{"axis": "x", "value": float(card["k"]), "label": f"{card['k']} groups in use"}]


def _stricter(card: Mapping[str, Any]) -> list[str]:
    fewest = card["rule"]["one_standard_error_k"]
    if card["method"] != "kmeans" or fewest in (None, card["k"]):
        return []
    return [f"A stricter rule, the stable groups within an error of the best silhouette, would keep {fewest}."]


def _at(points: Sequence[Mapping[str, float]], k: int) -> Mapping[str, float]:
    return next(point for point in points if point["k"] == k)


def _lower(label: str) -> str:
    return label[0].lower() + label[1:]
