"""The smallest change of real levers that lowers the risk tier: what the model associates with a calmer customer.

A lever moves only the way a company would move it: a plan is offered or ended, service calls and minutes become fewer.
The model sometimes associates a dearer bill or one more service call with staying; nobody is advised that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.telecom.features import FIELD_BY_NAME, MINUTE_NAMES, MODELLED_FIELDS, FieldSet
from app.telecom.scoring import ScoringModel, score

Floats = NDArray[np.float64]

LEVERS: Final = ("international_plan", "voice_mail_plan", "customer_service_calls", *MINUTE_NAMES)
"""What a company can move. Tenure, the number of calls and messages follow from the customer alone."""
ONLY_DOWN: Final = frozenset({"customer_service_calls", *MINUTE_NAMES})
"""Levers that are only lowered: more complaints or a dearer bill are no advice. A plan goes both ways."""
MOST_LEVERS: Final = 3
"""Changes at once that are still a conversation; more would be another customer."""
PLAN, MESSAGES = "voice_mail_plan", "number_vmail_messages"
_GRID: Final = {1: None, 2: 20, 3: 8}
"""Values of each kind of minutes that are tried by number of levers; None tries all. Later the move is shortened."""
_WIDE_MINUTES: Final = 100.0


@dataclass(frozen=True)
class Levers:
    """Where each lever may stand and what a move of it counts, from the card of a version.

    Attributes
    ----------
    values : mapping of str to ndarray
        Every value to try, ascending and within the training range: both answers for a plan, whole calls, whole minutes
        (tenths where the whole range is below 100 minutes).
    spread : mapping of str to float
        Standard deviation over the training customers, from the card's histogram: the unit of a move.
    messages_with_plan : float
        Median messages of those who have the voice mail plan.
    """

    field_set: FieldSet
    values: Mapping[str, Floats]
    spread: Mapping[str, float]
    messages_with_plan: float

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Levers":
        """Read the ranges and histograms of a card; raises KeyError when it lacks one."""
        names = [name for name in LEVERS if name in MODELLED_FIELDS[card["field_set"]]]
        ranges = {name: tuple(stats["training_range"]) for name, stats in card["fields"].items()}
        reference = card["reference"]
        with_plan = _spread_and_share(reference[PLAN], ranges[PLAN])[1]
        return cls(
            card["field_set"],
            {name: _values(name, *ranges[name]) for name in names},
            {name: _spread_and_share(reference[name], ranges[name])[0] for name in names},
            # Whoever has no plan has no message, so the users are the upper end of all customers.
            float(round(_quantile(reference[MESSAGES], ranges[MESSAGES], 1 - with_plan / 2))),
        )


def closest_change(customer: Mapping[str, float], model: ScoringModel, levers: Levers) -> dict[str, float] | None:
    """Search for the smallest change that brings a customer into a lower tier, without raising calls or minutes.

    Fewest levers first, then the smallest sum of |move| / spread. A single lever is tried at every value of
    ``levers.values``; with two or three the minutes are tried on a coarser grid, and the move that is found is then
    shortened on the fine one. Each number of levers costs one call of the graph, and each shortened lever one more.

    Parameters
    ----------
    customer : mapping of str to float
        Every modelled field; other fields are ignored.
    model : ScoringModel
        The version that answers.
    levers : Levers
        Of the same version.

    Returns
    -------
    dict of str to float, or None
        The new values of the fields that change, in the order of ``LEVERS``; with the voice mail plan come and go its
        messages; no value of ``ONLY_DOWN`` is higher than before. None when the tier is the lowest already, or no such
        change of up to ``MOST_LEVERS`` levers lowers it.
    """
    start = {name: float(customer[name]) for name in MODELLED_FIELDS[model.field_set]}
    present = int(score(_frame(start, {}, 1, levers), model).tier[0])
    if present == 0:
        return None
    for size in range(1, min(MOST_LEVERS, len(levers.values)) + 1):
        found = _best(start, _candidates(start, size, levers), present, model, levers)
        if found is not None:
            if size > 1:
                found = _shortened(start, found, present, model, levers)
            return _with_messages(start, found, levers)
    return None


def _candidates(start: Mapping[str, float], size: int, levers: Levers) -> Iterator[dict[str, Floats]]:
    """Give for each choice of ``size`` levers all combinations of the values that each may move to."""
    grids = {}
    for name, values in levers.values.items():
        may_be = values[values < start[name] if name in ONLY_DOWN else values != start[name]]
        most = _GRID[size] if name in MINUTE_NAMES else None
        if most is not None and len(may_be) > most:
            may_be = may_be[np.linspace(0, len(may_be) - 1, most).astype(np.intp)]
        grids[name] = may_be
    for names in combinations(grids, size):
        meshes = np.meshgrid(*(grids[name] for name in names), indexing="ij")
        yield {name: mesh.ravel() for name, mesh in zip(names, meshes, strict=True)}


def _best(
    start: Mapping[str, float], candidates: Iterator[dict[str, Floats]] | list[dict[str, Floats]], present: int,
    model: ScoringModel, levers: Levers,
) -> dict[str, float] | None:  # fmt: skip
    """Score all candidates in one call, and give the smallest move that lowers the tier; the first of equals."""
    groups = [group for group in candidates if len(next(iter(group.values())))]
    if not groups:
        return None
    sizes = [len(next(iter(group.values()))) for group in groups]
    frames = [_frame(start, group, size, levers) for group, size in zip(groups, sizes, strict=True)]
    whole = {name: np.concatenate([frame[name] for frame in frames]) for name in start}
    moves = np.concatenate(
        [sum((abs(values - start[name]) / levers.spread[name] for name, values in group.items()), np.zeros(size))
         for group, size in zip(groups, sizes, strict=True)]
    )  # fmt: skip
    moves[score(whole, model).tier >= present] = np.inf
    best = int(np.argmin(moves))
    if np.isinf(moves[best]):
        return None
    begins = np.cumsum([0, *sizes])
    chosen = int(np.searchsorted(begins, best, side="right")) - 1
    return {name: float(values[best - begins[chosen]]) for name, values in groups[chosen].items()}


def _shortened(
    start: Mapping[str, float], found: dict[str, float], present: int, model: ScoringModel, levers: Levers
) -> dict[str, float]:
    """Bring each changed value as near to the present one as the lower tier allows, the others held."""
    for name in found:
        values = levers.values[name]
        low, high = sorted((start[name], found[name]))
        between = values[(values >= low) & (values <= high) & (values != start[name])]
        group = {other: np.full(len(between), value) for other, value in found.items()} | {name: between}
        found = _best(start, [group], present, model, levers) or found
    return found


def _frame(start: Mapping[str, float], group: Mapping[str, Floats], size: int, levers: Levers) -> dict[str, Floats]:
    """Lay out the customer ``size`` times with the candidates' values, and messages that fit the plan."""
    frame = {name: group.get(name, np.full(size, value)) for name, value in start.items()}
    if PLAN in group:
        frame[MESSAGES] = np.where(group[PLAN] > 0, _messages(start, levers), 0.0)
    return frame


def _messages(start: Mapping[str, float], levers: Levers) -> float:
    """Messages of somebody who takes the plan: their own if any were given, or what is typical with it."""
    return start[MESSAGES] or levers.messages_with_plan


def _with_messages(start: Mapping[str, float], found: dict[str, float], levers: Levers) -> dict[str, float]:
    changed = {}
    for name, value in found.items():
        changed[name] = value
        if name == PLAN:
            changed[MESSAGES] = _messages(start, levers) if value else 0.0
    return {name: value for name, value in changed.items() if value != start[name]}


def _values(name: str, low: float, high: float) -> Floats:
    """List what a lever may be set to within its training range."""
    tenths = FIELD_BY_NAME[name].kind == "amount" and high - low < _WIDE_MINUTES
    parts = 10 if tenths else 1
    values: Floats = np.arange(np.ceil(low * parts), np.floor(high * parts) + 1) / parts
    return values


def _spread_and_share(histogram: Mapping[str, list[float]], limits: tuple[float, float]) -> tuple[float, float]:
    """Standard deviation and mean of a card's histogram; a bin counts with its middle."""
    shares = np.array(histogram["shares"])
    if "values" in histogram:
        middles = np.array(histogram["values"])
    else:
        bounds = np.array([limits[0], *histogram["inner_edges"], limits[1]])
        middles = (bounds[:-1] + bounds[1:]) / 2
    mean = float(shares @ middles)
    deviation = float(np.sqrt(shares @ (middles - mean) ** 2))
    return deviation or 1.0, mean


def _quantile(histogram: Mapping[str, list[float]], limits: tuple[float, float], level: float) -> float:
    """Value below which this share of a card's histogram lies."""
    reached = np.cumsum(histogram["shares"])
    if "values" in histogram:
        place = int(np.searchsorted(reached, level))
        return float(histogram["values"][min(place, len(reached) - 1)])
    bounds = [limits[0], *histogram["inner_edges"], limits[1]]
    return float(np.interp(level, [0.0, *reached], bounds))
