"""Segments ready to assign and to show: the sealed version, or rules and the reason why there is none."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from app.db.engine import reading
from app.errors import SealBroken
from app.predictions.sums import read_portfolio
from app.registry.artifacts import SealedVersion, load_version
from app.registry.service import Registry
from app.segments import charts
from app.segments.assignment import MODEL_NAME, RULE_SEGMENTS, SegmentModel
from app.segments.personas import per_cent, rule_personas, rule_sentence
from app.segments.sums import by_cell, by_segment, cell_href, last_moved
from app.telecom.policy import TIERS, VALUE_BANDS

NOT_SEALED: Final = "No segments have been sealed yet"
_LEARNED: Final = ("customers", "share", "churn_rate", "mean_clv_usd", "value_at_risk_usd")
ENOUGH_ASSIGNED: Final = 0.5
"""Share of the scored customers from which their figures stand for all of them."""
_UNASSIGNED_NOTE: Final = (
    "They were scored without these segments. Score them again to find them one, or upload them as a file."
)


def load_segment_model(registry: Registry) -> SegmentModel | None:
    """Read the champion's card; None when there is none. A card that cannot be used is spared, and /health says why."""
    sealed = registry.champions.get(MODEL_NAME)
    if sealed is None:
        registry.spare(MODEL_NAME)
        return None
    try:
        return _ready(sealed)
    except SealBroken as error:
        registry.spare(MODEL_NAME, error.detail)
        return None


def pinned_segment_model(models_dir: Path, version: str | None) -> SegmentModel | None:
    """Load one version from a folder; None when none is asked for.

    Raises
    ------
    SealBroken
        It is not there, does not match its seal, or has a card this release cannot use.
    """
    return None if version is None else _ready(load_version(models_dir / MODEL_NAME / version))


def _ready(sealed: SealedVersion) -> SegmentModel:
    try:
        model = SegmentModel.from_card(sealed.card)
        charts.learned_charts(model.card)
    except (AttributeError, IndexError, KeyError, StopIteration, TypeError, ValueError) as error:
        raise SealBroken(f"{sealed.name}/{sealed.version}: the card cannot be used ({error}).") from error
    return model


class SegmentService:
    """Shows the segments of the portfolio, by the loaded version or, without one, by rule."""

    def __init__(self, model: SegmentModel | None, registry: Registry, engine: Engine) -> None:
        self.model = model
        self._registry = registry
        self._engine = engine

    def show_segments(self) -> dict[str, Any]:
        """Give the body of GET /segments."""
        with reading(self._engine) as connection:
            rows = read_portfolio(connection)
        card = self.model.card if self.model else None
        is_kmeans = self.model is not None and self.model.method == "kmeans"
        ids = self.model.ids if self.model else tuple(range(len(RULE_SEGMENTS)))
        figures, unassigned = by_segment(rows, _own_segment(ids) if is_kmeans else _rule_segment, len(ids))
        scored = unassigned["customers"] + sum(entry["customers"] for entry in figures)
        described = [_segment(place, card, is_kmeans, figures[place]) for place in range(len(ids))]
        is_live = scored > 0 and scored - unassigned["customers"] >= ENOUGH_ASSIGNED * scored
        # Without a card and without a customer there is nothing to say of any segment.
        segments = described if card or scored else []
        return {
            "model": {"name": MODEL_NAME, "version": self.model.version} if self.model else None,
            "method": "kmeans" if is_kmeans else "rules",
            "k": len(ids),
            "message": _message(segments, is_live, scored, unassigned),
            "finding": self._finding(),
            "limits": card["limits"] if card else [],
            "figures": "portfolio" if is_live else "training",
            "scored_customers": scored,
            "unassigned": {
                **{name: unassigned[name] for name in ("customers", "value_at_risk_usd")},
                "note": _UNASSIGNED_NOTE if unassigned["customers"] else "",
            },
            "segments": segments,
            "charts": _charts(card, segments, is_live),
            "updated_at": last_moved(rows),
        }

    def show_value_at_risk(self) -> dict[str, Any]:
        """Give the body of GET /value-at-risk."""
        with reading(self._engine) as connection:
            rows = read_portfolio(connection)
        cells = by_cell(rows)
        total = {
            "customers": sum(cell["customers"] for cell in cells),
            "value_at_risk_usd": round(sum(cell["value_at_risk_usd"] for cell in cells), 2),
        }
        message = _where_risk_is(cells, total["value_at_risk_usd"])
        return {
            "updated_at": last_moved(rows),
            "value_bands": list(VALUE_BANDS),
            "tiers": list(TIERS),
            "cells": cells,
            "total": total,
            "message": message,
            "chart": charts.value_at_risk_chart(cells, message),
        }

    def _finding(self) -> str:
        """Say how firm the segments are, or why they are rules."""
        if self.model:
            return str(self.model.card["finding"])
        refused = self._registry.spared.get(MODEL_NAME, "").rstrip(".")
        reason = f"The sealed segments cannot be used ({refused})" if refused else NOT_SEALED
        return f"{reason}, so customers are parted by rule: value band by risk tier."


def _own_segment(ids: Sequence[int]) -> Any:
    places = {number: place for place, number in enumerate(ids)}
    # A number that the version does not have came from another one.
    return lambda row: places.get(row.segment)


def _rule_segment(row: Any) -> int:
    return RULE_SEGMENTS.index((VALUE_BANDS[row.value_band], row.tier))


def _segment(place: int, card: Mapping[str, Any] | None, is_kmeans: bool, figures: Mapping[str, Any]) -> dict[str, Any]:
    learned = card["segments"][place] if card else None
    segment = learned["id"] if learned else place
    return {
        "id": segment,
        "persona": learned["persona"] if learned else rule_personas()[place],
        "sentences": learned["sentences"] if learned else [rule_sentence(place)],
        "href": f"/customers.html?segment={segment}" if is_kmeans else cell_href(*RULE_SEGMENTS[place]),
        "training": {name: learned[name] for name in _LEARNED} if learned else None,
        "portfolio": figures,
        "differences": learned["differences"] if learned else [],
        "profile": learned["profile"] if learned else [],
    }


def _charts(card: Mapping[str, Any] | None, segments: Sequence[Mapping[str, Any]], is_live: bool) -> list[charts.Chart]:
    if not segments:
        return []
    return [*(charts.learned_charts(card) if card else []), charts.size_and_churn_chart(segments, is_live)]


def _message(segments: Sequence[Mapping[str, Any]], is_live: bool, scored: int, unassigned: Mapping[str, Any]) -> str:
    """Say where the money at risk is, of how much, and whose figures these are."""
    if not segments:
        return "Nobody has been scored yet, so there is no segment to show."
    part = "portfolio" if is_live else "training"
    first = max(segments, key=lambda segment: segment[part]["value_at_risk_usd"])
    total = sum(segment[part]["value_at_risk_usd"] for segment in segments)
    told = [_assigned(scored, unassigned["customers"])] if unassigned["customers"] or not is_live else []
    if is_live:
        total += unassigned["value_at_risk_usd"]
    else:
        learned = sum(segment["training"]["customers"] for segment in segments)
        told.append(f"the figures are those of the {learned:,} customers the segments were learned from")
    sentences = [": ".join(told) + "."] if told else []
    if first[part]["value_at_risk_usd"] > 0:
        share = first[part]["value_at_risk_usd"] / total
        sentences.append(
            f"{first['persona']}: the most value at risk, {first[part]['value_at_risk_usd']:,.0f} USD, "
            f"{per_cent(share)} of all."
        )
    return " ".join(sentences)


def _assigned(scored: int, unassigned: int) -> str:
    if not scored:
        return "Nobody has been scored yet"
    if scored == unassigned:
        return "No scored customer has a segment yet"
    return f"{scored - unassigned:,} of {scored:,} customers {'has' if scored == 1 else 'have'} a segment"


def _where_risk_is(cells: Sequence[Mapping[str, Any]], total_usd: float) -> str:
    first = max(cells, key=lambda cell: cell["value_at_risk_usd"])
    if not total_usd:
        return "Nothing is at risk: nobody has been scored with a customer id yet."
    return (
        f"{per_cent(first['value_at_risk_usd'] / total_usd)} of the value at risk, "
        f"{first['value_at_risk_usd']:,.0f} of {total_usd:,.0f} USD, is with {first['value_band']}-value customers "
        f"at {first['tier'].lower()} risk."
    )
