"""Charges and the bill are folded onto the minutes a person typed, and nothing is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.explanations.folding import bill_money, bill_shares, fold
from app.telecom.features import (
    CHARGE_NAMES,
    DESIGN_COLUMNS,
    MINUTE_NAMES,
    MODELLED_FIELDS,
    MONTHLY_CHARGE,
    USD_PER_MINUTE,
    design_matrix,
)
from tests.app.explanations.sealed_models import FIELD_SETS, SHIPPED, frames, typical_customer

TYPICAL = SHIPPED["usage"].scoring.typical
DESIGN = DESIGN_COLUMNS["usage"]


def shares(**changes: float) -> list[float]:
    customer = typical_customer("usage", **changes)
    found = bill_shares({name: np.array([customer[name]]) for name in MINUTE_NAMES}, TYPICAL)
    return [float(share) for share in found[0]]


@settings(max_examples=60, deadline=None)
@given(columns=frames("usage"))
def test_shares_of_the_bill_add_up_and_go_only_to_minutes_that_pulled_its_way(columns):
    found = bill_shares(columns, TYPICAL)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-12)
    money = np.column_stack([(columns[name] - TYPICAL[name]) * USD_PER_MINUTE[name] for name in MINUTE_NAMES])
    total = money.sum(axis=1, keepdims=True)
    against = (abs(total) >= 0.005) & (money * np.sign(total) < 0)
    assert (found[against] == 0).all()
    assert (found >= 0).all()


def test_a_bill_that_is_typical_is_shared_by_the_typical_money():
    money = {name: USD_PER_MINUTE[name] * TYPICAL[name] for name in MINUTE_NAMES}
    assert shares() == pytest.approx([money[name] / sum(money.values()) for name in MINUTE_NAMES])
    # A tenth of a cent of day minutes is no deviation yet.
    assert shares(total_day_minutes=TYPICAL["total_day_minutes"] + 0.005) == pytest.approx(shares())


def test_the_minutes_that_raised_the_bill_get_its_part_in_proportion_to_their_money():
    more = {"total_day_minutes": TYPICAL["total_day_minutes"] + 100, "total_intl_minutes": 20.2}
    day, intl = 100 * 0.17, (20.2 - TYPICAL["total_intl_minutes"]) * 0.27
    found = shares(**more, total_night_minutes=TYPICAL["total_night_minutes"] - 50)
    assert found == pytest.approx([day / (day + intl), 0, 0, intl / (day + intl)])


@pytest.mark.parametrize("field_set", FIELD_SETS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_folding_adds_up(field_set, data):
    columns = data.draw(frames(field_set))
    rows = len(next(iter(columns.values())))
    pieces = np.random.default_rng(rows).normal(size=(rows, len(DESIGN_COLUMNS[field_set])))
    bill = None
    if field_set == "usage":
        bill = pieces[:, [DESIGN.index(MONTHLY_CHARGE)]] * bill_shares(columns, TYPICAL)
    folded = fold(pieces, bill, field_set)
    assert folded.shape == (rows, len(MODELLED_FIELDS[field_set]))
    np.testing.assert_allclose(folded.sum(axis=1), pieces.sum(axis=1), atol=1e-12)


def test_each_charge_goes_to_its_own_minutes():
    pieces = np.zeros((1, len(DESIGN)))
    for number, name in enumerate(CHARGE_NAMES, start=1):
        pieces[0, DESIGN.index(name)] = number
    folded = fold(pieces, np.zeros((1, 4)), "usage")[0]
    fields = MODELLED_FIELDS["usage"]
    assert [folded[fields.index(name)] for name in MINUTE_NAMES] == [1, 2, 3, 4]
    assert folded.sum() == 10


@settings(max_examples=40, deadline=None)
@given(columns=frames("usage"))
def test_the_bills_distance_from_its_mean_is_divided_without_rest(columns):
    design = design_matrix(columns, "usage").astype(np.float64)
    deviation = design - np.array(SHIPPED["usage"].terms.means)
    divided = bill_money(deviation)
    bill = deviation[:, DESIGN.index(MONTHLY_CHARGE)]
    np.testing.assert_allclose(divided.sum(axis=1), bill, rtol=1e-12, atol=1e-9)
    day = deviation[:, DESIGN.index("total_day_minutes")] * 0.17
    np.testing.assert_allclose(divided[:, 0], day, rtol=1e-5, atol=1e-2)
