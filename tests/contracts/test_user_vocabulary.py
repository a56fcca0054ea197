"""The pages of users say what the code says: tiers, standings, kinds, adapters and the four numbers."""

import re

import pytest

from app.events.adapters import ADAPTERS
from app.events.columns import KINDS
from app.events.summary_form import FORM_FIELDS
from app.events.users import STANDINGS
from app.settings import ROOT
from app.telecom.features import Field
from app.telecom.policy import TIERS

STATIC = ROOT / "static"
USERS = (STATIC / "users.html").read_text(encoding="utf-8")


def choices(name: str) -> list[str]:
    """The values a list of the page offers."""
    part = USERS.split(f'<select id="{name}"')[1].split("</select>")[0]
    return re.findall(r'<option value="(.*?)">', part)


def test_the_list_offers_every_tier_and_standing() -> None:
    assert choices("tier") == ["", *reversed(TIERS)]
    assert choices("standing") == list(STANDINGS)


def test_the_list_shows_the_standing_the_service_takes_by_default() -> None:
    query = (STATIC / "js" / "users-query.js").read_text(encoding="utf-8")
    assert f'standing: "{STANDINGS[0]}"' in query


def test_a_log_can_be_read_as_each_shipped_kind_or_by_own_columns() -> None:
    assert sorted(choices("adapter")) == sorted([*ADAPTERS, "own"])


def test_every_kind_of_event_can_be_chosen() -> None:
    part = USERS.split('<template id="kind-options">')[1].split("</template>")[0]
    assert re.findall(r'<option value="(\w+)">(\w+)</option>', part) == [(kind.name, kind.name) for kind in KINDS]


@pytest.mark.parametrize("spec", FORM_FIELDS.values(), ids=lambda spec: spec.alias)
def test_a_number_is_asked_for_by_its_label_unit_and_example(spec: Field) -> None:
    question = USERS.split(f'<form-field name="{spec.alias}"')[1].split("</form-field>")[0]
    assert f'<label for="{spec.alias}">{spec.label}</label>' in question
    assert re.search(rf'id="{spec.alias}-hint">{spec.unit} ', question)
    example = re.search(r'example="(.*?)"', question)
    assert example
    assert float(example[1]) == spec.example
    assert f'inputmode="{"numeric" if spec.kind == "count" else "decimal"}"' in question


def test_the_form_asks_for_nothing_else() -> None:
    form = USERS.split('id="score-form"')[1].split("</form>")[0]
    assert re.findall(r'<form-field name="(\w+)"', form) == [spec.alias for spec in FORM_FIELDS.values()]
