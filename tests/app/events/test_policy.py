import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.feature_table import GROUPS
from app.events.policy import RECOMMENDATIONS, action_for, cut_points_for, tier_index
from app.telecom.policy import TIERS


@given(st.floats(0, 1))
def test_cut_points_are_two_whole_per_cents_in_order_around_the_typical_rate(rate):
    medium, high = cut_points_for(rate)
    assert 0 < medium < high <= 1
    assert (medium, high) == (round(medium, 2), round(high, 2))
    assert abs(medium - rate) <= 0.01 + 1e-9
    assert high <= max(2 * rate + 0.02, 0.02)


@pytest.mark.parametrize(
    ("rate", "expected"), [(0.2, (0.2, 0.4)), (0.6, (0.6, 0.8)), (0.0, (0.01, 0.02)), (1.0, (0.99, 1.0))]
)
def test_high_begins_at_twice_the_typical_rate_or_half_way_to_certainty(rate, expected):
    assert cut_points_for(rate) == expected


def test_a_rate_that_is_no_share_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        cut_points_for(1.1)


def test_a_probability_on_a_cut_point_belongs_to_the_higher_tier():
    assert tier_index(np.array([0.0899999, 0.09, 0.1799999, 0.18]), (0.09, 0.18)).tolist() == [0, 1, 1, 2]


def test_every_action_is_reached_by_some_tier_and_group_and_no_text_is_dead():
    reached = {action_for(tier, group).code for tier in TIERS for group in (*GROUPS, None)}
    assert reached == {"leave_alone"} | {action.code for action in RECOMMENDATIONS.values()}
    texts = [action_for(tier, group).text for tier in TIERS for group in GROUPS]
    assert len(set(texts)) == len(reached)


@given(st.sampled_from(TIERS), st.sampled_from([*GROUPS, None]))
def test_trouble_is_settled_before_anything_is_offered(tier, group):
    action = action_for(tier, group)
    assert action.code.startswith(("leave_alone", tier.lower()))
    assert ("Sell nothing" in action.text) == (group == "service_and_social" and tier != "Low")
