"""The versions that answer: each model name's champion, or the reason why there is none; and older ones on request."""

import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.errors import NotFound, SealBroken, VersionGone
from app.registry.artifacts import SealedVersion, load_version, read_verified

ALIASES: Final = "aliases.json"
CHAMPION: Final = "champion"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


MOST_KEPT: Final = 8
"""Older versions that stay loaded; one more and the one asked for first is let go."""


@dataclass
class Registry:
    """Loaded champions by model name, and for the others the sentence that says why they were refused.

    ``spared`` holds those that no answer needs: without them the service is degraded, and ready all the same.
    """

    models_dir: Path
    champions: dict[str, SealedVersion] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    spared: dict[str, str] = field(default_factory=dict)
    _older: dict[tuple[str, str], SealedVersion] = field(default_factory=dict)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

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

    def spare(self, name: str, reason: str | None = None) -> None:
        """Do without a model that no answer needs, for ``reason`` or the one it was refused for."""
        self.champions.pop(name, None)
        refused = self.refused.pop(name, None)
        if said := reason or refused:
            self.spared[name] = said

    def versions(self, name: str) -> list[str]:
        """List the sealed versions of a model that lie in the folder, newest number first; empty for no such model."""
        folder = self.models_dir / name
        if not _NAME.fullmatch(name) or not folder.is_dir():
            return []
        found = [entry.name for entry in folder.iterdir() if _NAME.fullmatch(entry.name) and entry.is_dir()]
        return sorted(
            found, key=lambda version: (version.isdecimal(), int(version) if version.isdecimal() else 0, version)
        )[::-1]

    def sealed(self, name: str, version: str) -> SealedVersion:
        """Give any version that lies in the folder, the champion or an older one; it is verified when first asked for.

        Raises
        ------
        VersionGone
            No such version is here, or its seal does not hold.
        """
        champion = self.champions.get(name)
        if champion is not None and champion.version == version:
            return champion
        with self._one_at_a_time:
            known = self._older.get((name, version))
            if known is None:
                known = self._older[name, version] = self._load(name, version)
                if len(self._older) > MOST_KEPT:
                    del self._older[next(iter(self._older))]
            return known

    def _load(self, name: str, version: str) -> SealedVersion:
        if version not in self.versions(name):
            raise VersionGone(f"Version {version} of {name} is not on this server.")
        try:
            return load_version(self.models_dir / name / version)
        except SealBroken as error:
            raise VersionGone(f"Version {version} of {name} cannot be used: {error.detail}") from error


def load_registry(models_dir: Path) -> Registry:
    """Load the champion of every model named in ``aliases.json``; a broken one is refused, the others still load."""
    registry = Registry(models_dir)
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


def read_file(sealed: SealedVersion, file_name: str) -> bytes:
    """Read a file of a sealed version, checked against its seal again.

    Raises
    ------
    VersionGone
        The version does not hold the file, is no longer there, or its seal does not hold.
    """
    try:
        return read_verified(sealed.folder)[file_name]
    except KeyError:
        raise VersionGone(f"Version {sealed.version} of {sealed.name} was sealed without {file_name}.") from None
    except SealBroken as error:
        raise VersionGone(f"Version {sealed.version} of {sealed.name} cannot be used: {error.detail}") from error
