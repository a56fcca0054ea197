"""Answers from stored events: fresh where the score is not, honest where there is none, and from the model as it is."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from app.errors import ModelNotReady, UserNotFound
from app.events import service as serving
from app.events.answers import SIMULATED, answer_summary, churn_sentence
from app.events.champions import EventModels
from app.events.refresher import score_due_users
from app.events.scoring import SUMMARY, EventModel
from app.events.service import UserService
from app.events.summary_form import FORM_FIELDS, contradictions, values_row
from app.registry.artifacts import SealedVersion
from app.registry.service import Registry
from tests.app.events.stored_logs import NOON, SilentForest, a_model, an_event, many_users, store


def a_registry(**cards: Any) -> Registry:
    registry = Registry(Path("nowhere"))
    for name, card in cards.items():
        called = name.replace("_", "-")
        registry.champions[called] = SealedVersion(called, "1", {"name": called, **card}, None, Path("nowhere"))
    return registry


def a_service(engine: Engine, model: EventModel | None = None) -> UserService:
    model = model or a_model()
    service = UserService(engine, a_registry(events_churn={"trained_on": "made up"}), EventModels(model, None), None)
    service._forests[model.name] = SilentForest()  # type: ignore[assignment]
    return service


def test_an_answer_and_the_stored_score_are_the_same_number(engine: Engine) -> None:
    many_users(engine, 40)
    score_due_users(engine, a_model(), NOON)
    service = a_service(engine)
    listed = service.list_users(serving.Wanted(), None, 100)["users"]
    assert len(listed) == 40
    for user in listed[::7]:
        answer = service.answer(user["user_id"], None)
        assert answer["churn_probability"] == user["churn_probability"]
        assert answer["tier"] == user["tier"]
        assert answer["model"] == {
            "name": "events-churn", "version": "1", "trained_on": "made up", "note": answer["model"]["note"]
        }  # fmt: skip


def test_every_number_in_a_reason_is_in_the_answer(engine: Engine) -> None:
    many_users(engine, 40)
    for reason in a_service(engine).answer("u5", None)["reasons"]:
        written = f"{reason['value']:,}; typical {reason['typical']:,}".replace(".0;", ";").removesuffix(".0")
        assert reason["text"].endswith(written)


def test_many_ids_are_answered_from_the_events_where_the_score_is_not_current(engine: Engine) -> None:
    many_users(engine, 5)
    service = a_service(engine)
    told = service.answer_many(["u3", "nobody", "u0"])
    assert [each["found"] for each in told["predictions"]] == [True, False, True]
    assert all(each["is_current"] for each in told["predictions"] if each["found"])
    for each in (told["predictions"][0], told["predictions"][2]):
        assert each["churn_probability"] == service.answer(each["user_id"], None)["churn_probability"]


def test_what_cannot_be_read_in_time_is_answered_as_it_stands(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    many_users(engine, 3)
    score_due_users(engine, a_model(), NOON)
    with engine.begin() as connection:
        store(connection, [an_event("u0", minute) for minute in range(9, 40)] + [an_event("new", 9)])
    monkeypatch.setattr(serving, "_MOST_EVENTS_AT_ONCE", 1)
    told = {each["user_id"]: each for each in a_service(engine).answer_many(["u0", "u1", "new"])["predictions"]}
    assert (told["u0"]["is_current"], told["u0"]["churn_probability"] is None) == (False, False)
    assert told["new"]["is_current"]
    monkeypatch.setattr(serving, "_MOST_EVENTS_AT_ONCE", 0)
    (waiting,) = a_service(engine).answer_many(["new"])["predictions"]
    assert (waiting["found"], waiting["churn_probability"]) == (True, None)
    assert waiting["message"] == "Not scored yet. Ask again in a moment."


def test_nobody_comes_before_a_missing_model(engine: Engine) -> None:
    service = UserService(engine, a_registry(), EventModels(None, None), None)
    with pytest.raises(UserNotFound):
        service.answer("nobody", None)
    many_users(engine, 1)
    with pytest.raises(ModelNotReady):
        service.answer("u0", None)
    with pytest.raises(ModelNotReady):
        service.answer_many(["u0"])
    listed = service.list_users(serving.Wanted(), None, 10)
    assert (listed["horizon_days"], listed["caution"]) == (None, None)


@pytest.mark.parametrize(("source", "told"), [({"simulator": "s"}, True), ({"file": "own.csv"}, False)])
def test_a_list_by_a_model_of_simulated_users_says_so(engine: Engine, source: dict[str, str], told: bool) -> None:
    service = a_service(engine)
    service._card = lambda model: {"data": {"source": source}}  # type: ignore[method-assign]
    assert (service.list_users(serving.Wanted(), None, 10)["caution"] == SIMULATED) is told


def test_a_timeline_has_no_point_where_the_model_may_not_be_asked(engine: Engine) -> None:
    with engine.begin() as connection:
        store(connection, [an_event("ann", 0), an_event("ann", 20 * 7 * 1440), an_event("bob", 20 * 7 * 1440 + 1)])
    drawn = a_service(engine).show_timeline("ann")
    risk, sessions = drawn["charts"]
    weeks = len(risk["x"]["categories"])
    assert weeks == len(sessions["series"][0]["points"]) == 21
    assert 0 < len(risk["series"][0]["points"]) < weeks


def test_the_sentence_says_direction_horizon_and_the_typical() -> None:
    assert churn_sentence(0.234, a_model()) == "23 % likely to leave in the next 30 days (typical: 20 %)"
    assert churn_sentence(0.001, a_model(horizon_days=90)).startswith("< 1 % likely to leave in the next 90 days")


def a_summary_model() -> EventModel:
    names = tuple(FORM_FIELDS)
    return replace(
        a_model(),
        name=SUMMARY,
        features=names,
        graph=lambda design: (design[:, 3].astype(np.float64) / 100,),
        typical=dict.fromkeys(names, 1.0),
        training_range=dict.fromkeys(names, (0.0, 90.0)),
    )


class _Even:
    def contributions(self, design: Any) -> Any:
        return np.zeros_like(design, dtype=np.float64)


def test_the_four_numbers_are_laid_out_as_the_model_reads_them() -> None:
    told = {"session_count": 3.0, "time_spent_minutes": 50.0, "purchases": 1.0, "days_inactive": 400.0}
    assert values_row(told, a_summary_model()).tolist() == [3.0, 50.0, 1.0, 90.0]
    answer = answer_summary(told, a_summary_model(), _Even())  # type: ignore[arg-type]
    assert answer["churn_probability"] == 0.9
    assert {warning["code"] for warning in answer["warnings"]} == {"contradiction", "inactive"}
    wide = answer_summary({**told, "time_spent_minutes": 91.0}, a_summary_model(), _Even())  # type: ignore[arg-type]
    assert [each["feature"] for each in wide["warnings"] if each["code"] == "outside_training_range"] == [
        "time_spent_minutes"
    ]
    with pytest.raises(ValueError, match="does not ask"):
        values_row(told, replace(a_summary_model(), features=("tenure_days",)))


def test_more_minutes_than_the_active_days_hold_are_a_contradiction() -> None:
    told = {"session_count": 9, "time_spent_minutes": 1_440, "purchases": 0, "days_inactive": 29}
    assert contradictions(told, 30) == []
    assert [field for field, _ in contradictions({**told, "time_spent_minutes": 1_441}, 30)] == ["time_spent_minutes"]


def test_silence_is_one_warning_and_not_one_for_each_feature(engine: Engine) -> None:
    many_users(engine, 1)
    service = a_service(engine, replace(a_model(), training_range={"days_inactive": (0, 9), "sessions_recent": (1, 9)}))
    silent = service.answer("u0", NOON.date() + timedelta(days=400))["warnings"]
    assert [warning["code"] for warning in silent] == ["after_the_log", "inactive"]
    before = service.answer("u0", NOON.date() - timedelta(days=4_000))["warnings"]
    assert [warning["code"] for warning in before] == ["no_events"]


def test_a_model_of_simulated_users_or_of_one_feature_says_so_in_every_answer(engine: Engine) -> None:
    many_users(engine, 1)
    service = a_service(engine)
    plain = service.answer("u0", None)["model"]["note"]
    assert SIMULATED not in plain and "alone" not in plain
    card = {
        "data": {"source": {"simulator": "training.event_simulator"}},
        "best_feature": {"feature": "sessions_recent", "in_disguise": True},
    }
    service._registry = a_registry(events_churn=card)
    note = service.answer("u0", None)["model"]["note"]
    assert SIMULATED in note and 'almost by "Sessions, last 30 days" alone' in note
    service._registry = a_registry(events_churn={"best_feature": {**card["best_feature"], "in_disguise": False}})
    assert service.answer("u0", None)["model"]["note"] == plain


def test_what_agrees_is_no_contradiction() -> None:
    told = {"session_count": 0, "time_spent_minutes": 0, "purchases": 0, "days_inactive": 30}
    assert contradictions(told, 30) == []
    assert len(contradictions({**told, "days_inactive": 29}, 30)) == 1
    assert len(contradictions({**told, "session_count": 1}, 30)) == 1
