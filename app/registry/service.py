"""The versions that answer: each model name's champion, or the reason why there is none."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.errors import NotFound, SealBroken
from app.registry.artifacts import SealedVersion, load_version

ALIASES: Final = "aliases.json"
CHAMPION: Final = "champion"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass
class Registry:
    """Loaded champions by model name, and for the others the sentence that says why they were refused."""

    champions: dict[str, SealedVersion] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def card(self, name: str) -> dict[str, object]:
        """Return the card of the champion called ``name``.

        Raises
        ------
        NotFound
            No champion of that name is loaded.
        """
        if name not in self.champions:
            raise NotFound("There is no model of that name. See /models for the names.")
        return self.champions[name].card


def load_registry(models_dir: Path) -> Registry:
    """Load the champion of every model named in ``aliases.json``; a broken one is refused, the others still load."""
    registry = Registry()
    try:
        aliases = json.loads((models_dir / ALIASES).read_text(encoding="utf-8"))
        champions = {name: versions[CHAMPION] for name, versions in aliases.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        registry.refused["*"] = f"{ALIASES} in MODELS_DIR is missing or unreadable."
        return registry
    for name, version in champions.items():
        if not (_NAME.fullmatch(name) and isinstance(version, str) and _NAME.fullmatch(version)):
            registry.refused[name] = f"{ALIASES} names a version that cannot be a folder."
            continue
        try:
            registry.champions[name] = load_version(models_dir / name / version)
        except SealBroken as error:
            registry.refused[name] = error.detail
    return registry
