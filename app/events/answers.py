"""What is answered about a user: probability, tier, reasons, what to do, and every reason to read it with care."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from app.events.clock import days_between, moment_text
from app.events.columns import Events, Floats, Micros
from app.events.feature_table import FEATURE_BY_NAME, FEATURE_NAMES
from app.events.features import FeatureFrame, features_as_of
from app.events.labels import LabelKind, in_population
from app.events.reasons import NOTE, Reason, explain_user, recommendation_for
from app.events.scoring import EventModel, Scores, outside_training_range, score_features
from app.events.summary_form import FORM_FIELDS, contradictions, values_row
from app.events.timeline import percent
from app.explanations.trees import Forest
from app.telecom.policy import TIERS

Answer = dict[str, Any]
Cautions = list[dict[str, str | None]]

LEAVING: Final[Mapping[LabelKind, str]] = {
    "explicit": "Leaving means a cancellation.",
    "silence": "Leaving means no event at all.",
    "proxy": "Leaving means far less use than before.",
}
"""What the model was trained to foresee, in words."""
SIMULATED: Final = "The model knows simulated users only: train it on your own log before you act on it."
ONE_FEATURE: Final = 'It goes almost by "{}" alone: what else is known adds little.'
_OUTSIDE: Final = "outside_training_range"


def churn_sentence(probability: float, model: EventModel) -> str:
    """Say a probability with its direction, its horizon and the typical one.

    Numbers are whole per cent, and honest at the ends: "< 1 %".
    """
    horizon = f"in the next {model.horizon_days} days"
    if model.lead_days:
        horizon = f"in the {model.horizon_days} days after the next {model.lead_days}"
    return f"{percent(probability)} likely to leave {horizon} (typical: {percent(model.typical_rate)})"


def answer_user(user_events: Events, as_of: Micros, clock: Micros, model: EventModel, forest: Forest) -> Answer:
    """Answer one user as of a date.

    Parameters
    ----------
    user_events : Events
        All events of one user, who is the only one in ``user_ids``.
    as_of : int, microseconds since 1970-01-01 UTC
        Nothing at or after it is read.
    clock : int, microseconds since 1970-01-01 UTC
        The day up to which the log reaches; a later ``as_of`` is answered with a warning.
    """
    features = features_as_of(user_events, as_of, model.windows)
    row = model.columns_of(features.values, FEATURE_NAMES)
    asked = bool(in_population(user_events, as_of, model.windows.observation_days)[0])
    warned = _about_the_date(features, as_of, clock, asked, model)
    # Who is silent lies outside what the model knows in every way, which is one sentence and not ten.
    warned += _outside(row, model) if features.active[0] else []
    return {**_answer(row, as_of, model, forest, warned), **_history(features, as_of)}


def answer_summary(values: Mapping[str, float], model: EventModel, forest: Forest) -> Answer:
    """Answer a user of whom nothing is known but the four numbers of the form."""
    row = values_row(values, model)[None, :]
    warned: Cautions = [
        {"code": "contradiction", "feature": field, "message": message}
        for field, message in contradictions(values, model.windows.recent_days)
    ]
    if values["days_inactive"] >= model.windows.observation_days:
        warned.append(_caution("inactive", _inactive(model)))
    outside = _outside(row, model)
    warned += [{**caution, "feature": FORM_FIELDS[str(caution["feature"])].alias} for caution in outside]
    return _answer(row, None, model, forest, warned)


def _answer(row: Floats, as_of: Micros | None, model: EventModel, forest: Forest, warned: Cautions) -> Answer:
    scores: Scores = score_features(row, model, as_of)
    probability = float(scores.probability[0])
    tier = TIERS[scores.tier[0]]
    reasons = explain_user(model, forest, row[0])
    action = recommendation_for(tier, reasons)
    return {
        "horizon_days": model.horizon_days,
        "churn_probability": probability,
        "probability_interval": (float(scores.low[0]), float(scores.high[0])),
        "tier": tier,
        "typical_churn_rate": model.typical_rate,
        "message": churn_sentence(probability, model),
        "reasons": [_told(reason) for reason in reasons],
        "recommendation": action.text,
        "recommendation_code": action.code,
        "warnings": warned,
    }


def _told(reason: Reason) -> dict[str, Any]:
    shown = ("direction", "feature", "label", "unit", "value", "typical", "contribution", "text")
    return {name: getattr(reason, name) for name in shown}


def _history(features: FeatureFrame, as_of: Micros) -> dict[str, Any]:
    count = int(features.events[0])
    first, last = (int(moment[0]) if count else None for moment in (features.first_ts, features.last_ts))
    return {
        "events": count,
        "first_event_at": None if first is None else moment_text(first),
        "last_event_at": None if last is None else moment_text(last),
        "days_inactive": None if last is None else days_between(last, as_of),
    }


def _about_the_date(features: FeatureFrame, as_of: Micros, clock: Micros, asked: bool, model: EventModel) -> Cautions:
    warned = []
    if as_of > clock:
        message = "The log does not reach that day: what happened since its newest event counts as silence."
        warned.append(_caution("after_the_log", message))
    if not features.events[0]:
        warned.append(_caution("no_events", "There is no event of this user before that day, so this says little."))
    elif not features.active[0]:
        warned.append(_caution("inactive", _inactive(model)))
    elif not asked:
        message = "The user has cancelled already: the model was trained on users who had not."
        warned.append(_caution("cancelled", message))
    return warned


def _inactive(model: EventModel) -> str:
    days = model.windows.observation_days
    return f"No activity in the last {days} days: the model was trained on users who had some."


def _outside(row: Floats, model: EventModel) -> Cautions:
    places: Sequence[int] = np.flatnonzero(outside_training_range(row, model)[0]).tolist()
    return [
        {
            "code": _OUTSIDE,
            "feature": model.features[place],
            "message": f"{model.table[place].label_in(model.windows)}: beyond anything the model was trained on.",
        }
        for place in places
    ]


def _caution(code: str, message: str) -> dict[str, str | None]:
    return {"code": code, "feature": None, "message": message}


def is_simulated(card: Mapping[str, Any]) -> bool:
    """Say whether a version was trained on a simulated log."""
    return "simulator" in card.get("data", {}).get("source", {})


def note_of(model: EventModel, card: Mapping[str, Any]) -> str:
    """Say what the model foresees, whose habits it knows and from how much, and how far its reasons go.

    Parameters
    ----------
    model : EventModel
    card : mapping
        Of the same version; what it lacks is not said.
    """
    said = [LEAVING[model.label]]
    if is_simulated(card):
        said.append(SIMULATED)
    best = card.get("best_feature", {})
    if best.get("in_disguise"):
        said.append(ONE_FEATURE.format(FEATURE_BY_NAME[best["feature"]].label_in(model.windows)))
    return " ".join([*said, NOTE])
