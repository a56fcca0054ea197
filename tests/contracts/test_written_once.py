"""Written once: cut-points, tiers, words, sentences, states and prices each have one home in the code."""

import ast
import importlib.util
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import pytest

from app.db.upgrade import MIGRATIONS
from app.events.policy import cut_points_for
from app.telecom import policy
from app.telecom.features import FIELDS, US_STATES, USD_PER_MINUTE
from app.telecom.schemas import PredictResponse
from tests import checkout
from tests.sealed import VERSION_OF

HOME_OF_POLICY, HOME_OF_FIELDS = "app/telecom/policy.py", "app/telecom/features.py"
# A migration records what was true when it was written: it must not follow later changes of the policy.
RECORDS = "app/db/migrations/versions/"
CODES = [recommendation.code for recommendation in policy.RECOMMENDATIONS.values()]
SENTENCES = [recommendation.text for recommendation in policy.RECOMMENDATIONS.values()]
CARDS = [path for path in checkout.files(".json", under="models") if path.name == "card.json"]
TELECOM_CARDS = [path for path in CARDS if path.parent.parent.name in ("telecom-core", "telecom-usage")]
EVENT_CARDS = [path for path in CARDS if path.parent.parent.name in ("events-churn", "events-summary")]
SCRIPTS = checkout.files(".js", under="static/js")
# Explains each confidence word and draws each tier; test_form_vocabulary.py holds both to the policy.
CARD_ELEMENT = "static/js/elements/customer-card.js"


def constants(path: Path) -> set[Any]:
    """Give the literals of a Python file: texts whole, numbers by value; docstrings are no literals."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    notes = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in notes}


def homes(literals: Iterable[Any]) -> set[str]:
    """Name the files of the service that hold any of these literals."""
    wanted = set(literals)
    return {
        checkout.name_of(path)
        for path in checkout.python_files("app")
        if not checkout.name_of(path).startswith(RECORDS) and wanted & constants(path)
    }


def test_tier_cut_points_have_one_home() -> None:
    assert homes(policy.TIER_CUT_POINTS) == {HOME_OF_POLICY}


def test_recommendations_have_one_home() -> None:
    assert homes(SENTENCES) == {HOME_OF_POLICY}


def test_recommendation_codes_have_one_home() -> None:
    assert homes(CODES) == {HOME_OF_POLICY}


def test_tiers_have_one_home() -> None:
    assert homes(policy.TIERS) == {HOME_OF_POLICY}


def test_confidence_words_have_one_home() -> None:
    assert homes(set(policy.CONFIDENCES) - set(policy.TIERS)) == {HOME_OF_POLICY}


def test_states_and_prices_have_one_home() -> None:
    assert homes(set(US_STATES) - {"OK"}) == {HOME_OF_FIELDS}
    assert homes(USD_PER_MINUTE.values()) == {HOME_OF_FIELDS}


def test_columns_have_one_home() -> None:
    assert homes(field.column for field in FIELDS if " " in field.column) == {HOME_OF_FIELDS}


def test_wire_names_have_one_home() -> None:
    assert homes(field.alias for field in FIELDS if field.alias != field.name) == {HOME_OF_FIELDS}


def test_a_literal_elsewhere_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.py"
    path.write_text('"""High"""\nCUT = 0.3\nTIER: "Medium" = x == "Low"\n')
    assert constants(path) & {*policy.TIERS, *policy.TIER_CUT_POINTS} == {0.3, "Medium", "Low"}


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("churn_risk", policy.TIERS),
        ("confidence", policy.CONFIDENCES),
        ("value_band", policy.VALUE_BANDS),
    ],
)
def test_the_wire_model_offers_the_words_of_the_policy(field: str, words: Iterable[str]) -> None:
    assert get_args(PredictResponse.model_fields[field].annotation) == tuple(words)


def test_the_wire_model_offers_the_codes_of_the_recommendations() -> None:
    assert PredictResponse.model_json_schema()["properties"]["recommendation_code"]["enum"] == CODES


def test_the_first_migration_still_agrees_with_the_policy() -> None:
    spec = importlib.util.spec_from_file_location("first", MIGRATIONS / "versions" / "0001_predictions.py")
    assert spec
    assert spec.loader
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    assert set(migration.TIERS) == set(policy.TIERS)


def test_the_page_repeats_no_figure_and_no_sentence() -> None:
    assert len(SCRIPTS) > 5
    numbers = {*policy.TIER_CUT_POINTS, *policy.CONFIDENCE_WIDTHS, *USD_PER_MINUTE.values()}
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        assert not numbers & {float(number) for number in re.findall(r"\b\d+\.\d+\b", text)}, path.name
        assert not [sentence for sentence in SENTENCES if sentence in text or sentence[:25] in text], path.name
        assert len([state for state in US_STATES if f'"{state}"' in text]) == 0, path.name


def test_the_page_repeats_words_of_the_policy_only_where_they_are_compared() -> None:
    words = re.compile(rf"""(["'`])(?:{"|".join({*policy.TIERS, *policy.CONFIDENCES})})\1""")
    holders = {checkout.name_of(path) for path in SCRIPTS if words.search(path.read_text(encoding="utf-8"))}
    assert holders == {CARD_ELEMENT}


@pytest.mark.parametrize("path", TELECOM_CARDS, ids=checkout.name_of)
def test_a_card_was_sealed_under_this_policy(path: Path) -> None:
    card = json.loads(path.read_text(encoding="utf-8"))
    assert card["policy"]["tier_cut_points"] == list(policy.TIER_CUT_POINTS)
    assert card["policy"]["value_quantiles"] == list(policy.VALUE_QUANTILES)
    assert len(card["policy"]["value_cut_points_usd"]) == len(policy.VALUE_BANDS) - 1
    assert card["policy"]["training_customers"].keys() == set(CODES)
    assert card["churn"]["decision_cut_point"] in policy.TIER_CUT_POINTS


@pytest.mark.parametrize("path", EVENT_CARDS, ids=checkout.name_of)
def test_a_card_of_users_has_the_cut_points_of_its_typical_rate(path: Path) -> None:
    sealed = json.loads(path.read_text(encoding="utf-8"))["policy"]
    assert sealed["tier_cut_points"] == list(cut_points_for(sealed["typical_rate"]))


def test_every_shipped_model_has_a_card() -> None:
    assert {path.parent.parent.name for path in CARDS} == VERSION_OF.keys()
    # The others decide nothing: segments and the value of purchases.
    decided = {path.parent.parent.name for path in TELECOM_CARDS + EVENT_CARDS}
    assert VERSION_OF.keys() - decided == {"telecom-segments", "events-value"}
