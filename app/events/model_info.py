"""Say what serves now, from the cards of the versions that are loaded."""

from collections.abc import Mapping
from typing import Any, Final

from app.registry.service import Registry

Card = Mapping[str, Any]

_WHAT: Final = {
    "telecom": "How likely a customer of the telecom table is to leave, and what they are worth",
    "segments": "Which group of customers a customer is most like",
    "events": "How likely a user of an event log is to leave within the horizon",
    "value": "What a user of a purchase log is expected to buy and spend",
}


def serving_now(registry: Registry) -> dict[str, Any]:
    """Give the body of GET /model/info: one entry for each champion, in the order of their names."""
    champions = sorted(registry.champions.values(), key=lambda sealed: sealed.name)
    return {"serving": [describe(sealed.card) for sealed in champions]}


def describe(card: Card) -> dict[str, Any]:
    """Say of one version what it is, what it was trained on, and how well it did; what a card lacks is left open.

    Examples
    --------
    >>> told = describe({"name": "telecom-usage", "version": "2", "data": {"training": {"rows": 2666}}})
    >>> told["kind"], told["trained_on"], told["horizon_days"]
    ('telecom', {'rows': 2666}, None)
    """
    kind = card.get("kind", "telecom")
    label = card.get("label") or {}
    return {
        "name": card["name"],
        "version": card["version"],
        "kind": kind,
        "what": card.get("what") or _WHAT.get(kind, kind),
        "trained_at": card.get("trained_at"),
        "trained_on": _trained_on(card),
        "label": label.get("kind"),
        "horizon_days": label.get("horizon_days"),
        "figures": _figures(card),
        "note": _note(card),
    }


def _trained_on(card: Card) -> dict[str, Any]:
    """Give what the card says of its training data: numbers and words at the first level, nothing nested."""
    data: Any = card.get("data") or {}
    training = data["training"] if isinstance(data.get("training"), Mapping) else data
    told = {name: value for name, value in training.items() if isinstance(value, str | int | float)}
    return {"summary": card["trained_on"], **told} if isinstance(card.get("trained_on"), str) else told


def _figures(card: Card) -> dict[str, Any]:
    """Give the figures on data the version was not trained on, each with its interval where the card has one."""
    reported: Any = card.get("reported") or {}
    churn = reported.get("churn", reported)
    told = {name: value for name, value in churn.items() if _is_figure(value)}
    if isinstance(card.get("oracle"), Mapping):
        told["oracle_roc_auc"] = card["oracle"]["roc_auc"]
    return told


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, Mapping) and "value" in value)


def _note(card: Card) -> str:
    """Give the sentence to read first: what was found, or how near one feature alone comes, else the first limits."""
    best = card.get("best_feature") or {}
    said = [sentence for sentence in (card.get("finding"), best.get("sentence")) if isinstance(sentence, str)]
    return " ".join(said or list(card.get("limits") or ())[:2])
