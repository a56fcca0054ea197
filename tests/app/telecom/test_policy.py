import numpy as np
import pytest

from app.telecom import policy


@pytest.mark.parametrize(
    ("probability", "tier"),
    [(0.0, "Low"), (0.149999, "Low"), (0.15, "Medium"), (0.299999, "Medium"), (0.30, "High"), (1.0, "High")],
)
def test_tiers_are_cut_at_15_and_30_percent(probability, tier):
    assert policy.TIERS[policy.tier_index(np.array([probability]))[0]] == tier


@pytest.mark.parametrize(
    ("width", "word"),
    [(0.0, "Very High"), (0.05, "Very High"), (0.0501, "High"), (0.10, "High"), (0.2, "Moderate"), (0.21, "Low")],
)
def test_confidence_follows_the_width_of_the_interval(width, word):
    assert policy.CONFIDENCES[policy.confidence_index(np.array([width]))[0]] == word


def test_a_value_on_the_cut_point_is_in_the_higher_band():
    bands = policy.value_band_index(np.array([8999.99, 9000.0]), (9000.0,))
    assert [policy.VALUE_BANDS[band] for band in bands] == ["standard", "high"]


def test_each_tier_and_value_has_its_own_action():
    assert set(policy.RECOMMENDATIONS) == {(tier, band) for tier in policy.TIERS for band in policy.VALUE_BANDS}
    assert len({action.code for action in policy.RECOMMENDATIONS.values()}) == 6
    assert len({action.text for action in policy.RECOMMENDATIONS.values()}) == 6
