"""Open what a version keeps about its performance, once, and answer questions about it."""

import json
import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.errors import NotFound, VersionGone
from app.performance import charts, money
from app.performance.held_out import FILE, PERFORMANCE, Floats, HeldOut
from app.performance.thresholds import confusion
from app.registry.artifacts import SealedVersion
from app.registry.service import Registry, read_file

MOST_KEPT: Final = 8
SAVE_RATE_IS: Final = "assumed"
"""Until a campaign with a control group has measured it."""
NOTHING_CHANGED: Final = (
    "Nothing has changed: tiers and actions are those of the sealed version until an operator applies a policy."
)


@dataclass(frozen=True)
class Opened:
    """A version's page and held-out customers, ready to be asked.

    Attributes
    ----------
    page : dict
        ``performance.json``.
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
            The version is not here, its seal does not hold, or it was sealed without held-out customers.
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
        return {
            "model": self.model(opened.sealed),
            "cut_point": chosen,
            "inputs": asdict(inputs),
            **money.at_cut_point(opened.held_out, opened.weights, chosen, inputs),
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
            "trained_on": sealed.card.get("data", {}).get("training"),
            **{figure: figures.get(figure) for figure in ("roc_auc", "average_precision")},
            "has_performance": (sealed.folder / PERFORMANCE).is_file(),
        }


def _open(sealed: SealedVersion) -> Opened:
    page = json.loads(read_file(sealed, PERFORMANCE))
    held_out = HeldOut.from_npz(read_file(sealed, FILE))
    weights = held_out.resamples(sealed.card["seed"])
    return Opened(sealed, page, held_out, weights, money.called_sums(held_out, weights))


def _evaluate(opened: Opened, inputs: money.Inputs) -> money.Answer:
    return money.evaluate(opened.held_out, opened.weights, opened.sums, inputs)
