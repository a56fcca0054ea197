"""A folder of models with segments: the sealed champions, and a version of three made-up segments beside them."""

import shutil
from pathlib import Path
from typing import Any

from app.segments.assignment import MODEL_NAME
from app.settings import ROOT
from tests.app.segments.segment_cards import a_card, a_segment
from training.sealing import point_champion, write_version

PERSONAS = ("=Light, users", "Settled", "Heavy \u00fcsers")


def segment_card(version: str = "1", personas: tuple[str, ...] = PERSONAS) -> dict[str, Any]:
    """A card whose segments part customers by their monthly bill."""
    places = [place - (len(personas) - 1) / 2 for place in range(len(personas))]
    return a_card(
        version=version,
        features=[
            {"name": "monthly_charge_usd", "transform": "identity", "mean": 59.4, "scale": 10.5},
            {"name": "customer_service_calls", "transform": "log1p", "mean": 0.8, "scale": 0.5},
        ],
        centroids=[[1.5 * place, 0.2 * place] for place in places],
        k=len(personas),
        remaining_months=33.7,
        segments=[a_segment(place, persona) for place, persona in enumerate(personas)],
    )


def grouped_models(folder: Path, card: dict[str, Any] | None = None) -> Path:
    """Copy the sealed champions into a folder and seal segments beside them."""
    shutil.copytree(ROOT / "models", folder)
    if (folder / MODEL_NAME).exists():
        shutil.rmtree(folder / MODEL_NAME)
    card = card or segment_card()
    write_version(folder, card, {})
    point_champion(folder, MODEL_NAME, card["version"])
    return folder
