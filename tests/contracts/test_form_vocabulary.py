"""The form says what the field table says: each field's label, unit, range, vocabulary and example stand there once."""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from app.customers.lists import Sort, Standing
from app.explanations.closest_change import LEVERS, MESSAGES
from app.telecom.features import CORE_FIELDS, FIELD_BY_NAME, FIELDS, MINUTE_FIELDS, Field
from app.telecom.policy import CONFIDENCES, TIERS, VALUE_BANDS

STATIC = Path(__file__).parents[2] / "static"
INDEX = (STATIC / "index.html").read_text(encoding="utf-8")
LIST = (STATIC / "customers.html").read_text(encoding="utf-8")
HINT_OF_CODE = {"state": "US state or DC", "areaCode": "three digits"}


@dataclass
class Question:
    """One <form-field> of the page."""

    attributes: dict[str, str | None]
    label: str = ""
    hint: str = ""
    inputs: list[dict[str, str | None]] = field(default_factory=list)
    options: list[str | None] = field(default_factory=list)


class FormReader(HTMLParser):
    """Collects the questions of the page in order."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: dict[str, Question] = {}
        self._current: Question | None = None
        self._reading = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form-field":
            self._current = Question(attributes)
            self.questions[attributes["name"] or ""] = self._current
        if self._current is None:
            return
        classes = (attributes.get("class") or "").split()
        if (tag == "label" and "for" in attributes) or "label" in classes:
            self._reading = "label"
        elif "hint" in classes:
            self._reading = "hint"
        elif tag == "input":
            self._current.inputs.append(attributes)
        elif tag == "option":
            self._current.options.append(attributes.get("value"))

    def handle_endtag(self, tag: str) -> None:
        self._reading = ""
        if tag == "form-field":
            self._current = None

    def handle_data(self, data: str) -> None:
        if self._current is not None and self._reading:
            setattr(self._current, self._reading, getattr(self._current, self._reading) + data)


def read_form() -> dict[str, Question]:
    reader = FormReader()
    reader.feed(INDEX)
    return reader.questions


QUESTIONS = read_form()
each_field = pytest.mark.parametrize("spec", FIELDS, ids=lambda spec: spec.alias)


def test_the_form_asks_for_every_field_and_the_customer_id_and_nothing_else() -> None:
    assert set(QUESTIONS) == {spec.alias for spec in FIELDS} | {"customerId"}


@each_field
def test_a_question_has_the_label_of_its_field(spec: Field) -> None:
    assert QUESTIONS[spec.alias].label.strip() == spec.label


@each_field
def test_a_question_states_its_unit_and_range(spec: Field) -> None:
    expected = f"0 to {spec.maximum:,.0f} {spec.unit}" if spec.is_number else HINT_OF_CODE.get(spec.alias, "")
    assert QUESTIONS[spec.alias].hint == expected


@each_field
def test_a_question_carries_its_unit_for_the_profile(spec: Field) -> None:
    assert (QUESTIONS[spec.alias].attributes.get("unit") or "") == spec.unit


@each_field
def test_a_question_offers_the_vocabulary_in_its_order(spec: Field) -> None:
    question = QUESTIONS[spec.alias]
    if spec.kind == "flag":
        assert [choice["value"] for choice in question.inputs] == list(spec.vocabulary)
        assert {choice["name"] for choice in question.inputs} == {spec.alias}
    elif spec.vocabulary:
        assert question.options == ["", *spec.vocabulary]
    else:
        assert [control["id"] for control in question.inputs] == [spec.alias]


@each_field
def test_only_quantities_are_sent_as_numbers(spec: Field) -> None:
    assert (QUESTIONS[spec.alias].attributes.get("kind") == "number") == spec.is_number


@each_field
def test_the_keyboard_of_a_phone_fits_the_field(spec: Field) -> None:
    expected = {"count": "numeric", "amount": "decimal"}.get(spec.kind)
    if expected:
        (control,) = QUESTIONS[spec.alias].inputs
        assert (control["type"], control["inputmode"]) == ("text", expected)


@each_field
def test_the_example_customer_is_the_field_tables(spec: Field) -> None:
    example = QUESTIONS[spec.alias].attributes["example"] or ""
    assert (float(example) if spec.is_number else example) == spec.example


def test_only_minutes_and_customer_id_are_optional() -> None:
    minutes_group = INDEX.split('aria-labelledby="minutes-heading"')[1].split("</form>")[0]
    for spec in MINUTE_FIELDS:
        assert f'name="{spec.alias}"' in minutes_group
    for spec in CORE_FIELDS:
        assert f'name="{spec.alias}"' not in minutes_group
    assert "(optional)" in QUESTIONS["customerId"].label
    assert "(optional)" in minutes_group


def test_the_card_explains_every_confidence_word_and_draws_every_tier() -> None:
    card = (STATIC / "js" / "elements" / "customer-card.js").read_text(encoding="utf-8")
    meanings = card.split("CONFIDENCE_MEANING = {")[1].split("};")[0]
    words = [line.split(":")[0].strip().strip('"') for line in meanings.strip().splitlines()]
    assert words == list(CONFIDENCES)
    style = (STATIC / "css" / "components" / "tier-symbol.css").read_text(encoding="utf-8")
    for tier in TIERS:
        assert f'data-symbol="{tier.lower()}"' in INDEX
        assert f'[data-tier="{tier.lower()}"]' in style


def test_the_pages_know_every_tier_in_the_order_of_the_policy() -> None:
    words = [tier.lower() for tier in TIERS]
    order = (STATIC / "js" / "tiers.js").read_text(encoding="utf-8").split("TIER_ORDER = ")[1].split(";")[0]
    assert json.loads(order) == words
    choices = (
        (STATIC / "customers.html").read_text(encoding="utf-8").split('<select id="tier"')[1].split("</select>")[0]
    )
    assert re.findall(r'<option value="(\w*)">', choices) == ["", *reversed(TIERS)]
    days = INDEX.split('<template id="tier-day-template">')[1].split("</template>")[0]
    assert re.findall(r'data-label="(\w+) risk" data-slot="(\w+)"', days) == [(t, t.lower()) for t in reversed(TIERS)]


def test_the_list_offers_what_the_route_takes() -> None:
    outcomes = LIST.split('<select id="outcome"')[1].split("</select>")[0]
    assert set(re.findall(r'<option value="(\w+)">', outcomes)) == set(get_args(Standing))
    assert set(re.findall(r'data-sort="(\w+)"', LIST)) == set(get_args(Sort))
    bands = LIST.split('<select id="value_band"')[1].split("</select>")[0]
    assert re.findall(r'<option value="(\w*)">(\w+)', bands) == [
        ("", "Any"),
        *((b, b.title()) for b in VALUE_BANDS[::-1]),
    ]


@pytest.mark.parametrize("page", ["index.html", "customer.html"])
def test_the_values_to_try_are_those_the_search_for_a_change_moves(page: str) -> None:
    levers = re.findall(r'<lever-field name="(\w+)">', (STATIC / page).read_text(encoding="utf-8"))
    assert sorted(levers) == sorted(FIELD_BY_NAME[name].alias for name in (*LEVERS, MESSAGES))
