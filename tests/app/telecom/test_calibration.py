import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telecom.calibration import CalibrationTable

TABLE = CalibrationTable(
    score=np.array([0.0, 0.2, 0.6, 1.0]),
    probability=np.array([0.02, 0.02, 0.7, 0.99]),
    low=np.array([0.01, 0.01, 0.5, 0.9]),
    high=np.array([0.03, 0.05, 0.8, 1.0]),
)
SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=50).map(np.array)


@given(SCORES)
def test_bounds_enclose_the_probability_and_order_is_kept(scores):
    probability, low, high = TABLE.apply(scores)
    assert ((low <= probability) & (probability <= high)).all()
    assert ((probability >= 0) & (probability <= 1)).all()
    order = np.argsort(scores)
    assert (np.diff(probability[order]) >= 0).all()


@given(SCORES)
def test_a_row_does_not_depend_on_its_neighbours(scores):
    together = np.vstack(TABLE.apply(scores))
    alone = np.hstack([np.vstack(TABLE.apply(scores[place : place + 1])) for place in range(len(scores))])
    np.testing.assert_array_equal(together, alone)


def test_knots_are_met_and_the_ends_are_flat():
    probability, _, _ = TABLE.apply(np.array([-1.0, 0.2, 0.4, 2.0]))
    np.testing.assert_allclose(probability, [0.02, 0.02, 0.36, 0.99])


def test_a_card_holds_the_whole_table():
    again = CalibrationTable.from_card(TABLE.to_card())
    for name in ("score", "probability", "low", "high"):
        np.testing.assert_array_equal(getattr(again, name), getattr(TABLE, name))


@pytest.mark.parametrize(
    ("knots", "sentence"),
    [
        ({"score": [0, 0]}, "strictly increasing"),
        ({"score": [0.5]}, "strictly increasing"),
        ({"probability": [0.5, 0.4]}, "must not fall"),
        ({"low": [0.6, 0.7]}, "must enclose"),
        ({"high": [0.5, 1.2]}, "between 0 and 1"),
        ({"low": [-0.1, 0.2]}, "between 0 and 1"),
        ({"high": [0.5, 0.6, 0.7]}, "must not fall"),
    ],
)
def test_a_table_that_breaks_its_rules_is_refused(knots, sentence):
    good = {"score": [0.0, 1.0], "probability": [0.1, 0.5], "low": [0.0, 0.4], "high": [0.2, 0.6]}
    with pytest.raises(ValueError, match=sentence):
        CalibrationTable.from_card(good | knots)
