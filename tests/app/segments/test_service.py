import json

import pytest

from app.errors import SealBroken
from app.registry.service import load_registry
from app.segments.assignment import MODEL_NAME, RULE_SEGMENTS, SegmentModel
from app.segments.schemas import Segments, ValueAtRisk
from app.segments.service import NOT_SEALED, SegmentService, load_segment_model, pinned_segment_model
from tests.app.segments.portfolios import a_cell, every_cell, store
from tests.app.segments.segment_cards import PERSONAS, a_card, a_rules_card
from training.sealing import point_champion, write_version


def sealed(models_dir, card):
    write_version(models_dir, card, {})
    point_champion(models_dir, MODEL_NAME, card["version"])
    return load_registry(models_dir)


@pytest.fixture
def serve(engine, tmp_path):
    """A service over a portfolio of these cells, with a version of this card or without one."""

    def serve(card, cells):
        store(engine, cells)
        registry = sealed(tmp_path / "models", card) if card else load_registry(tmp_path)
        return SegmentService(load_segment_model(registry), registry, engine)

    return serve


def shown(service):
    return Segments.model_validate(service.show_segments())


def test_segments_show_the_version_and_the_sums_of_the_portfolio(serve):
    answer = shown(serve(a_card(), every_cell()))
    assert (answer.model.name, answer.model.version, answer.method, answer.k) == (MODEL_NAME, "1", "kmeans", 3)
    assert tuple(segment.persona for segment in answer.segments) == PERSONAS
    for segment in answer.segments:
        mine = [cell for cell in every_cell() if cell["segment"] == segment.id]
        assert segment.portfolio.customers == sum(cell["customers"] for cell in mine)
        assert segment.portfolio.mean_churn_probability == 0.2
        assert segment.href == f"/customers.html?segment={segment.id}"
    assert answer.scored_customers == sum(cell["customers"] for cell in every_cell())
    assert answer.updated_at == "2026-01-01T00:00:00.000000Z"


def test_customers_without_a_segment_are_counted_and_the_reason_is_given(serve):
    answer = shown(serve(a_card(), [a_cell(segment=-1, customers=4), a_cell(segment=1, customers=6)]))
    assert (answer.unassigned.customers, answer.unassigned.value_at_risk_usd) == (4, 4000.0)
    assert "Score them again" in answer.unassigned.note
    assert answer.segments[1].portfolio.share == 0.6
    assert answer.figures == "portfolio"
    assert answer.message == (
        f"6 of 10 customers have a segment. {PERSONAS[1]}: the most value at risk, 6,000 USD, 60 % of all."
    )


@pytest.mark.parametrize(("assigned", "figures"), [(1, "training"), (49, "training"), (50, "portfolio")])
def test_until_half_of_the_customers_have_a_segment_what_was_learned_is_shown(serve, assigned, figures):
    answer = shown(serve(a_card(), [a_cell(customers=100 - assigned), a_cell(segment=1, customers=assigned)]))
    assert answer.figures == figures
    assert answer.message.startswith(f"{assigned} of 100 customers have a segment")
    assert ("the figures are those of the 303 customers" in answer.message) == (figures == "training")
    assert "100 % of all" not in answer.message
    sizes = next(chart for chart in answer.charts if chart.id == "size-and-churn")
    assert (sizes.series[1].name == "Share that left") == (figures == "training")
    assert answer.segments[1].portfolio.customers == assigned


def test_what_the_segments_do_not_tell_is_told(serve):
    assert shown(serve(a_card(), [])).limits == a_card()["limits"]
    assert shown(serve(None, [])).limits == []


def test_segments_keep_their_numbers_whatever_these_are(serve):
    segments = [{**segment, "id": number} for segment, number in zip(a_card()["segments"], (1, 4, 6), strict=True)]
    cells = [a_cell(segment=0, customers=1), a_cell(segment=4, customers=5), a_cell(segment=6, customers=2)]
    answer = shown(serve(a_card(segments=segments, retired=[0, 2]), cells))
    assert [(segment.id, segment.persona, segment.portfolio.customers) for segment in answer.segments] == [
        (1, PERSONAS[0], 0), (4, PERSONAS[1], 5), (6, PERSONAS[2], 2),
    ]  # fmt: skip
    assert answer.segments[1].href == "/customers.html?segment=4"
    assert {"differences-1", "differences-4", "differences-6"} < {chart.id for chart in answer.charts}
    assert (answer.k, answer.unassigned.customers) == (3, 1)


def test_a_rule_segment_without_a_training_customer_is_shown(serve):
    card = a_rules_card()
    card["segments"][0] |= {"customers": 0, "share": 0.0, "churn_rate": None, "mean_clv_usd": None}
    assert shown(serve(card, [])).segments[0].training.churn_rate is None


def test_segments_that_this_version_does_not_have_count_as_unassigned(serve):
    answer = shown(serve(a_card(), [a_cell(segment=7, customers=4)]))
    assert (answer.unassigned.customers, answer.scored_customers) == (4, 4)


def test_an_empty_portfolio_shows_what_was_learned_and_says_so(serve):
    answer = shown(serve(a_card(), []))
    assert answer.scored_customers == 0
    assert answer.message.startswith("Nobody has been scored yet: the figures are those of the 303 customers")
    assert answer.segments[0].training.customers == 100
    assert answer.segments[0].portfolio.mean_churn_probability is None
    sizes = next(chart for chart in answer.charts if chart.id == "size-and-churn")
    assert sizes.series[1].name == "Share that left"


def test_portfolio_figures_are_drawn_once_somebody_has_a_segment(serve):
    answer = shown(serve(a_card(), [a_cell(segment=1, customers=6)]))
    sizes = next(chart for chart in answer.charts if chart.id == "size-and-churn")
    assert sizes.series[0].points == [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]
    assert f"{PERSONAS[1]}: the most value at risk, 6,000 USD, 100 % of all." in answer.message


def test_customers_of_before_the_segments_leave_the_learned_figures_in_place(serve):
    answer = shown(serve(a_card(), [a_cell(segment=-1, customers=6)]))
    assert answer.message.startswith("No scored customer has a segment yet: the figures are those of the 303 customers")


def test_without_a_version_rules_stand_in_and_the_reason_is_given(serve):
    answer = shown(serve(None, every_cell()))
    assert (answer.model, answer.method, answer.k) == (None, "rules", len(RULE_SEGMENTS))
    assert NOT_SEALED in answer.finding
    assert sum(segment.portfolio.customers for segment in answer.segments) == answer.scored_customers
    assert answer.unassigned.customers == 0
    assert {segment.training for segment in answer.segments} == {None}
    assert answer.segments[-1].href == "/customers.html?tier=High&value_band=high"
    assert [chart.id for chart in answer.charts] == ["size-and-churn"]


def test_without_a_version_and_a_customer_there_is_nothing_to_show(serve):
    answer = shown(serve(None, []))
    assert (answer.segments, answer.charts) == ([], [])
    assert answer.message.startswith("Nobody has been scored yet")


def test_a_version_that_found_nothing_shows_rules_with_what_was_learned(serve):
    answer = shown(serve(a_rules_card(), [a_cell("High", 1, -1, 5)]))
    assert (answer.model.version, answer.method) == ("1", "rules")
    assert answer.finding == "Nothing separates."
    assert answer.segments[-1].portfolio.customers == 5
    assert answer.segments[-1].training.customers == 50
    assert {"silhouette", "stability", "profiles", "size-and-churn"} < {chart.id for chart in answer.charts}


def test_everybody_belongs_to_exactly_one_rule_segment(serve):
    answer = shown(serve(a_rules_card(), every_cell()))
    for place, (band, tier) in enumerate(RULE_SEGMENTS):
        tiers = answer.segments[place].portfolio.tiers
        assert {name for name, customers in tiers.items() if customers} == {tier}
        mine = [
            cell for cell in every_cell() if (("standard", "high")[cell["value_band"]], cell["tier"]) == (band, tier)
        ]
        assert answer.segments[place].portfolio.customers == sum(cell["customers"] for cell in mine)


@pytest.mark.parametrize("broken", [{"schema": 99}, {"centroids": []}, {"curves": {}}, {"finding": None, "rule": {}}])
def test_a_card_that_cannot_be_used_is_refused_and_rules_stand_in(engine, tmp_path, broken):
    registry = sealed(tmp_path / "models", a_card(**broken))
    service = SegmentService(load_segment_model(registry), registry, engine)
    assert MODEL_NAME not in registry.champions
    assert MODEL_NAME not in registry.refused
    assert "cannot be used" in registry.spared[MODEL_NAME]
    store(engine, every_cell())
    answer = shown(service)
    assert (answer.model, answer.method) == (None, "rules")
    assert registry.spared[MODEL_NAME].rstrip(".") in answer.finding


def test_a_version_whose_seal_is_broken_is_not_used_and_the_message_says_so(engine, tmp_path):
    models_dir = tmp_path / "models"
    sealed(models_dir, a_card())
    card = models_dir / MODEL_NAME / "1" / "card.json"
    card.write_text(card.read_text(encoding="utf-8").replace("identity", "log1p"), encoding="utf-8")
    registry = load_registry(models_dir)
    service = SegmentService(load_segment_model(registry), registry, engine)
    store(engine, every_cell())
    assert "card.json does not match its checksum" in shown(service).finding


def test_without_a_segments_champion_nothing_is_refused(tmp_path):
    (tmp_path / "aliases.json").write_text(json.dumps({}), encoding="utf-8")
    registry = load_registry(tmp_path)
    assert load_segment_model(registry) is None
    assert (registry.refused, registry.spared) == ({}, {})


def test_a_job_pins_the_version_it_was_begun_with(tmp_path):
    for version in ("1", "2"):
        sealed(tmp_path, a_card(version=version))
    assert pinned_segment_model(tmp_path, None) is None
    assert pinned_segment_model(tmp_path, "1").version == "1"
    assert isinstance(pinned_segment_model(tmp_path, "2"), SegmentModel)
    with pytest.raises(SealBroken):
        pinned_segment_model(tmp_path, "3")


def test_value_at_risk_adds_up_and_names_the_largest_cell(serve):
    cells = [a_cell("High", 1, 0, 30), a_cell("Low", 0, -1, 10), a_cell("High", 1, -1, 20)]
    answer = ValueAtRisk.model_validate(serve(a_card(), cells).show_value_at_risk())
    assert answer.total.model_dump() == {"customers": 60, "value_at_risk_usd": 60_000.0}
    assert answer.message == (
        "83.3 % of the value at risk, 50,000 of 60,000 USD, is with high-value customers at high risk."
    )
    assert answer.chart.title == answer.message
    assert sum(cell.value_at_risk_usd for cell in answer.cells) == 60_000.0


def test_value_at_risk_of_nobody_says_so(serve):
    answer = ValueAtRisk.model_validate(serve(a_card(), []).show_value_at_risk())
    assert answer.message.startswith("Nothing is at risk")
    assert len(answer.cells) == len(RULE_SEGMENTS)
    assert answer.updated_at is None
