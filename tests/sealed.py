"""Which versions are shipped, so that no test names one."""

import json
from pathlib import Path
from typing import Final

from app.registry.service import ALIASES, CHAMPION
from app.settings import ROOT

MODELS: Final = ROOT / "models"
VERSION_OF: Final[dict[str, str]] = {
    name: aliases[CHAMPION] for name, aliases in json.loads((MODELS / ALIASES).read_text(encoding="utf-8")).items()
}
"""The champion's version by model name."""
CORE: Final = f"telecom-core/{VERSION_OF['telecom-core']}"
USAGE: Final = f"telecom-usage/{VERSION_OF['telecom-usage']}"


def champion_folder(models_dir: Path, name: str) -> Path:
    """Name the folder of a model's champion in a copy of the shipped models."""
    return models_dir / name / VERSION_OF[name]
