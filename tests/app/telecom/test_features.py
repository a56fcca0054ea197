import numpy as np
import pytest

from app.telecom.features import (
    CHARGE_NAMES,
    DESIGN_COLUMNS,
    FIELDS,
    MINUTE_NAMES,
    MODELLED_FIELDS,
    MONTHLY_CHARGE,
    US_STATES,
    USD_PER_MINUTE,
    charges_usd,
    design_matrix,
    monthly_charge_usd,
)

N = 5
COLUMNS = {name: np.arange(N, dtype=np.float64) + place for place, name in enumerate(MODELLED_FIELDS["usage"])}


def test_names_aliases_and_columns_are_unique():
    for attribute in ("name", "alias", "column", "label"):
        assert len({getattr(field, attribute) for field in FIELDS}) == len(FIELDS) == 15


def test_fifty_states_and_dc():
    assert len(set(US_STATES)) == 51
    assert sorted(US_STATES) == list(US_STATES)


@pytest.mark.parametrize("field_set", ["core", "usage"])
def test_design_has_the_declared_columns_in_order(field_set):
    design = design_matrix(COLUMNS, field_set)
    assert design.dtype == np.float32
    assert design.shape == (N, len(DESIGN_COLUMNS[field_set]))
    for place, name in enumerate(MODELLED_FIELDS[field_set]):
        np.testing.assert_array_equal(design[:, place], COLUMNS[name].astype(np.float32))


def test_charges_are_minutes_times_tariff_and_sum_to_the_monthly_charge():
    charges = np.column_stack(charges_usd(COLUMNS))
    for place, name in enumerate(MINUTE_NAMES):
        np.testing.assert_allclose(charges[:, place], COLUMNS[name] * USD_PER_MINUTE[name])
    np.testing.assert_allclose(monthly_charge_usd(COLUMNS), charges.sum(axis=1))
    design = design_matrix(COLUMNS, "usage")
    np.testing.assert_allclose(design[:, DESIGN_COLUMNS["usage"].index(MONTHLY_CHARGE)], charges.sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(design[:, DESIGN_COLUMNS["usage"].index(CHARGE_NAMES[0])], charges[:, 0], rtol=1e-6)


def test_a_missing_column_is_an_error_and_nothing_is_filled_in():
    incomplete = {name: values for name, values in COLUMNS.items() if name != "total_intl_minutes"}
    with pytest.raises(KeyError, match="total_intl_minutes"):
        design_matrix(incomplete, "usage")
    assert design_matrix(incomplete, "core").shape[0] == N


def test_an_empty_frame_gives_an_empty_matrix():
    empty = {name: values[:0] for name, values in COLUMNS.items()}
    assert design_matrix(empty, "usage").shape == (0, len(DESIGN_COLUMNS["usage"]))


def test_state_and_area_code_are_read_by_no_model():
    for names in MODELLED_FIELDS.values():
        assert not {"state", "area_code"} & set(names)
