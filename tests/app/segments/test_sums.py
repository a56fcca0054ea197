from types import SimpleNamespace

from app.segments.sums import by_cell, by_segment, last_moved
from app.telecom.policy import TIERS, VALUE_BANDS
from tests.app.segments.portfolios import a_cell, every_cell


def rows(cells):
    return [SimpleNamespace(**cell) for cell in cells]


def own(row):
    return row.segment if row.segment >= 0 else None


def test_every_customer_counts_once():
    cells = rows(every_cell())
    figures, unassigned = by_segment(cells, own, 3)
    everybody = sum(cell.customers for cell in cells)
    assert sum(entry["customers"] for entry in figures) + unassigned["customers"] == everybody
    assert sum(cell["customers"] for cell in by_cell(cells)) == everybody
    assert abs(sum(entry["share"] for entry in figures) + unassigned["share"] - 1) < 1e-5
    assert all(sum(entry["tiers"].values()) == entry["customers"] for entry in figures)


def test_means_are_those_of_the_customers():
    cells = rows([
        a_cell("High", 1, 0, 3, clv_cents=900_000, value_at_risk_cents=300_000, probability_millionths=1_500_000),
        a_cell("Low", 0, 0, 1, clv_cents=100_000, value_at_risk_cents=5_000, probability_millionths=50_000),
    ])  # fmt: skip
    (figures,), unassigned = by_segment(cells, own, 1)
    assert (unassigned["customers"], unassigned["value_at_risk_usd"]) == (0, 0)
    assert figures == {
        "customers": 4,
        "share": 1.0,
        "mean_churn_probability": 0.3875,
        "observed": {"churned": 0, "stayed": 0},
        "mean_clv_usd": 2500.0,
        "value_at_risk_usd": 3050.0,
        "tiers": {"High": 3, "Medium": 0, "Low": 1},
    }


def test_those_who_left_are_observed_and_in_no_other_figure():
    cells = rows([a_cell("High", 0, 0, 0, churned_customers=4), a_cell("Low", 0, 0, 2, stayed_customers=1)])
    (figures,), _ = by_segment(cells, own, 1)
    assert figures["observed"] == {"churned": 4, "stayed": 1}
    assert figures["customers"] == 2


def test_those_without_a_segment_count_in_the_denominators():
    (figures,), unassigned = by_segment(rows([a_cell(segment=0, customers=1), a_cell(customers=3)]), own, 1)
    assert (figures["share"], unassigned["share"]) == (0.25, 0.75)
    assert (figures["value_at_risk_usd"], unassigned["value_at_risk_usd"]) == (1000.0, 3000.0)


def test_a_segment_without_customers_has_no_means():
    (figures,), _ = by_segment([], own, 1)
    assert (figures["mean_churn_probability"], figures["mean_clv_usd"], figures["share"]) == (None, None, 0.0)


def test_every_band_and_tier_is_a_cell_even_when_nobody_is_in_it():
    cells = by_cell(rows([a_cell("Medium", 1, 2, 7)]))
    assert [(cell["value_band"], cell["tier"]) for cell in cells] == [(b, t) for b in VALUE_BANDS for t in TIERS]
    assert [cell["customers"] for cell in cells] == [0, 0, 0, 0, 7, 0]
    assert cells[4]["value_at_risk_usd"] == 7000.0


def test_the_latest_move_is_found_and_none_before_the_first():
    assert last_moved(rows([a_cell(updated_at=None)])) is None
    assert last_moved(rows([a_cell(updated_at="2026-01-02"), a_cell(updated_at="2026-01-01")])) == "2026-01-02"
