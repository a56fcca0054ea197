import copy

import numpy as np
import pytest

from app.events.champions import load_value_model
from app.events.purchases import PurchaseSummary
from app.events.value import (
    HORIZONS_DAYS,
    MODEL_NAME,
    ValueModel,
    expected_purchases,
    golden_answers,
    probability_alive,
    spend_per_purchase,
    value_of,
)
from app.registry.artifacts import SealedVersion
from app.registry.service import Registry
from tests.app.events.logs import at, frame, row

BUYING = {"r": 0.243, "alpha_days": 4.414, "a": 0.793, "b": 2.426}
SPENDING = {"p": 6.25, "q": 3.74, "v": 15.44}


def a_model():
    return ValueModel("1", **BUYING, **SPENDING, currency="USD", trained_on="Fitted for a test.")


def a_card(**changes):
    model = a_model()
    rows = {"frequency": [0.0, 4.0], "recency_days": [0.0, 70.0], "age_days": [9.0, 80.0]}
    rows |= {"spend_days": [0.0, 4.0], "mean_spend": [0.0, 12.5]}
    return {
        "schema": 1,
        "kind": "value",
        "name": MODEL_NAME,
        "version": "1",
        "currency": "USD",
        "trained_on": model.trained_on,
        "buying": {"parameters": dict(BUYING)},
        "spending": {"parameters": dict(SPENDING)},
        "golden": {"rows": rows, **golden_answers(model, rows)},
        **changes,
    }


def bought(*days, **changes):
    return [row(at(day, 9), kind="purchase", **{"value": 20.0, **changes}) for day in days]


def test_a_user_gets_the_block_of_the_answer():
    told = value_of(frame(bought(0, 10, 30)), at(60), a_model())
    assert set(told) == {"probability_alive", "purchases", "spend", "currency", "note"}
    assert [entry["days"] for entry in told["purchases"]] == [entry["days"] for entry in told["spend"]]
    assert [entry["days"] for entry in told["spend"]] == list(HORIZONS_DAYS)
    model, customer = a_model(), PurchaseSummary(*(np.array([v]) for v in (True, 2.0, 30.0, 60.0, 2.0, 20.0)))
    assert told["probability_alive"] == pytest.approx(probability_alive(model, customer)[0], abs=1e-6)
    for purchases, spend in zip(told["purchases"], told["spend"], strict=True):
        expected = expected_purchases(model, customer, purchases["days"])[0]
        assert purchases["expected"] == pytest.approx(expected, abs=1e-4)
        assert spend["expected"] == pytest.approx(expected * spend_per_purchase(model, customer)[0], abs=1e-2)
    assert told["currency"] == "USD"
    assert "3 days with a purchase" in told["note"] and model.trained_on in told["note"]


def test_the_future_changes_nothing():
    log = bought(0, 10)
    assert value_of(frame(log + bought(60, 61)), at(60), a_model()) == value_of(frame(log), at(60), a_model())


def test_who_never_bought_has_no_value():
    assert value_of(frame([row(kind="play")]), at(9), a_model()) is None
    assert value_of(frame(bought(20)), at(20), a_model()) is None


def test_who_cancelled_is_expected_to_buy_nothing_until_they_buy_again():
    log = [*bought(0, 10), row(at(20), kind="cancel"), row(at(21), kind="logout")]
    told = value_of(frame(log), at(30), a_model())
    assert told["probability_alive"] == 0 and "cancelled" in told["note"]
    assert {entry["expected"] for block in ("purchases", "spend") for entry in told[block]} == {0}
    assert value_of(frame([*log, *bought(25)]), at(30), a_model())["probability_alive"] > 0


def test_the_value_is_that_of_one_user():
    with pytest.raises(ValueError, match="one user"):
        value_of(frame(bought(0) + bought(1, user_id="bob")), at(9), a_model())


def test_a_sealed_card_is_read_back():
    assert ValueModel.from_card(a_card()) == a_model()


def broken(place, value):
    card = copy.deepcopy(a_card())
    *path, last = place
    target = card
    for key in path:
        target = target[key]
    target[last] = value
    return card


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (["schema"], 2),
        (["kind"], "segments"),
        (["buying", "parameters", "r"], 0.25),
        (["buying", "parameters", "a"], 0.0),
        (["spending", "parameters", "q"], 1.0),
        (["spending", "parameters", "v"], float("nan")),
        (["golden", "spend"], [1.0, 2.0]),
    ],
)
def test_a_card_that_would_answer_otherwise_is_refused(place, value):
    with pytest.raises(ValueError):
        ValueModel.from_card(broken(place, value))


def registry_with(tmp_path, *cards):
    sealed = {card["name"]: SealedVersion(card["name"], "1", card, None, tmp_path) for card in cards}
    return Registry(tmp_path, champions=sealed)


def test_the_champion_is_loaded_and_a_broken_one_is_spared(tmp_path):
    assert load_value_model(registry_with(tmp_path, a_card())) == a_model()
    assert load_value_model(registry_with(tmp_path)) is None
    registry = registry_with(tmp_path, broken(["buying"], None))
    assert load_value_model(registry) is None
    assert MODEL_NAME in registry.spared and MODEL_NAME not in registry.champions
