"""Open what a version keeps about its performance, once, and answer questions about it."""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from zipfile import BadZipFile

from app.errors import NotFound, SealBroken, VersionGone
from app.performance import charts, money
from app.performance.held_out import FILE, PERFORMANCE, Floats, HeldOut
from app.performance.thresholds import TABLE_NOTE, confusion
from app.registry.artifacts import SealedVersion
from app.registry.service import Registry, read_file

MOST_KEPT: Final = 8
PAGE_SCHEMA: Final = 1
"""Layout of ``performance.json`` that this release reads."""
SAVE_RATE_IS: Final = "assumed"
"""Until a campaign with a control group has measured it."""
NOTHING_CHANGED: Final = (
    "Nothing has changed: tiers and actions are those of the sealed version until an operator applies a policy. The "
    "profit of the best cut-point is less what choosing it on the same customers seemed to add; that of any other is "
    "as counted on them."
)


@dataclass(frozen=True)
class Opened:
    """A version's page and held-out customers, ready to be asked.

    Attributes
    ----------
    page : dict
        ``performance.json``, and what its threshold table has to be read with.
    weights : ndarray, shape (1 + ROUNDS, n)
        The resamples behind every interval of the page.
    """

    sealed: SealedVersion
    page: dict[str, Any]
    held_out: HeldOut
    weights: Floats
    sums: money.CalledSums


class PerformanceService:
    """Keeps the versions that were asked for last; one more and the one asked for longest ago is let go."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._opened: OrderedDict[tuple[str, str], Opened] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def opened(self, name: str, version: str) -> Opened:
        """Give a version; its files are verified and read when it is first asked for.

        Raises
        ------
        VersionGone
            The version is not here, its seal does not hold, or it was sealed without held-out customers or with a
            layout that this release does not read.
        """
        sealed = self._registry.sealed(name, version)
        with self._one_at_a_time:
            known = self._opened.get((name, version))
            if known is None:
                known = self._opened[name, version] = _open(sealed)
                if len(self._opened) > MOST_KEPT:
                    self._opened.popitem(last=False)
            self._opened.move_to_end((name, version))
            return known

    def versions(self, name: str) -> dict[str, Any]:
        """List the versions of a model, newest first; one that cannot be used is listed with its reason.

        Raises
        ------
        NotFound
            There is no model of that name.
        """
        versions = self._registry.versions(name)
        if not versions:
            raise NotFound("There is no model of that name. See /models for the names.")
        return {"versions": [self._entry(name, version) for version in versions]}

    def card(self, name: str, version: str) -> dict[str, Any]:
        """Give the card of any version."""
        return self._registry.sealed(name, version).card

    def performance(self, name: str, version: str) -> dict[str, Any]:
        """Give everything the page shows at first."""
        opened = self.opened(name, version)
        return {"model": self.model(opened.sealed), **opened.page}

    def chart(self, name: str, version: str, chart_id: str, inputs: money.Inputs) -> dict[str, Any]:
        """Give one chart by its id.

        Raises
        ------
        NotFound
            There is no chart of that id.
        """
        opened = self.opened(name, version)
        if chart_id == "profit":
            return charts.profit_chart(_evaluate(opened, inputs), inputs)
        found = {chart["id"]: chart for chart in opened.page["charts"]}
        if chart_id not in found:
            raise NotFound(f"There is no chart of that id. The charts are {', '.join(sorted({*found, 'profit'}))}.")
        chart: dict[str, Any] = found[chart_id]
        return chart

    def confusion(self, name: str, version: str, cut_point: float | None) -> dict[str, Any]:
        """Count who is called rightly and wrongly at a cut-point; None is the one in use."""
        opened = self.opened(name, version)
        if cut_point is None:
            cut_point = float(opened.page["figures"]["cut_point"])
        return confusion(opened.held_out.churned, opened.held_out.churn_probability, opened.weights, cut_point)

    def profit(self, name: str, version: str, inputs: money.Inputs) -> dict[str, Any]:
        """Work out what calling earns under these inputs."""
        answer = _evaluate(self.opened(name, version), inputs)
        return {
            "inputs": asdict(inputs),
            "chart": charts.profit_chart(answer, inputs),
            "best": answer.best,
            "policies": answer.policies,
            "message": money.message(answer, inputs),
            "save_rate_is": SAVE_RATE_IS,
        }

    def policy(self, name: str, version: str, inputs: money.Inputs, cut_point: float | None) -> dict[str, Any]:
        """Write a chosen cut-point down with what it rests on; None is the best one."""
        opened = self.opened(name, version)
        answer = _evaluate(opened, inputs)
        chosen = answer.best["cut_point"] if cut_point is None else cut_point
        earned = {name: answer.best[name] for name in ("profit_usd_per_1000", "called_share")}
        if chosen != answer.best["cut_point"]:
            earned = money.at_cut_point(opened.held_out, opened.weights, chosen, inputs)
        return {
            "model": self.model(opened.sealed),
            "cut_point": chosen,
            "inputs": asdict(inputs),
            **earned,
            "best": answer.best,
            "save_rate_is": SAVE_RATE_IS,
            "note": NOTHING_CHANGED,
        }

    def model(self, sealed: SealedVersion) -> dict[str, Any]:
        """Name a version and say whether it answers."""
        return {
            "name": sealed.name,
            "version": sealed.version,
            "field_set": sealed.card["field_set"],
            "is_champion": self._is_champion(sealed.name, sealed.version),
        }

    def _is_champion(self, name: str, version: str) -> bool:
        champion = self._registry.champions.get(name)
        return champion is not None and champion.version == version

    def _entry(self, name: str, version: str) -> dict[str, Any]:
        entry: dict[str, Any] = {"version": version, "is_champion": self._is_champion(name, version)}
        try:
            sealed = self._registry.sealed(name, version)
        except VersionGone as error:
            return {**entry, "reason": error.detail, "has_performance": False}
        figures = sealed.card.get("reported", {}).get("churn", {})
        return {
            **entry,
            "reason": None,
            "trained_on": _table_of(sealed.card),
            **{figure: figures.get(figure) for figure in ("roc_auc", "average_precision")},
            "has_performance": (sealed.folder / PERFORMANCE).is_file(),
        }


def _table_of(card: Mapping[str, Any]) -> Any:
    """Give the table a version was trained on; one that learned from a log of events has none."""
    training = card.get("data", {}).get("training")
    return training if training and "file" in training else None


def _open(sealed: SealedVersion) -> Opened:
    content, arrays = (_read(sealed, name) for name in (PERFORMANCE, FILE))
    try:
        page = json.loads(content)
        if page["schema"] != PAGE_SCHEMA:
            raise ValueError("another layout")
        page["thresholds"]["note"] = TABLE_NOTE
        held_out = HeldOut.from_npz(arrays)
        weights = held_out.resamples(sealed.card["seed"])
    except (KeyError, TypeError, ValueError, BadZipFile) as error:
        raise VersionGone(f"{_words(sealed)} keeps its figures in a way that this release cannot read.") from error
    return Opened(sealed, page, held_out, weights, money.called_sums(held_out, weights))


def _read(sealed: SealedVersion, file_name: str) -> bytes:
    try:
        return read_file(sealed, file_name)
    except VersionGone as error:
        if isinstance(error.__cause__, SealBroken):
            raise
        kept_none = "was sealed before figures were kept with a version. Choose a newer one."
        raise VersionGone(f"{_words(sealed)} {kept_none}") from None


def _words(sealed: SealedVersion) -> str:
    return f"Version {sealed.version} of {sealed.name}"


def _evaluate(opened: Opened, inputs: money.Inputs) -> money.Answer:
    return money.evaluate(opened.held_out, opened.weights, opened.sums, inputs)
