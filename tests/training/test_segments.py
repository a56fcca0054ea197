import copy
import itertools
import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import rankdata

from app.performance.held_out import wilson
from app.registry.service import load_registry
from app.segments.assignment import (
    DESCRIBED,
    DESCRIBED_BY_NAME,
    MODEL_NAME,
    RULE_SEGMENTS,
    SegmentModel,
    described_values,
    rule_segment,
)
from app.segments.charts import learned_charts
from app.segments.personas import rule_personas
from app.settings import ROOT
from app.telecom.answers import named_segment
from app.telecom.champions import scoring_models
from app.telecom.features import MONTHLY_CHARGE
from app.telecom.scoring import score
from app.web.charts import Chart
from training import clustering, segments
from training.datasets import CHURNED, columns_of, load_bigml
from training.segment_cards import Portrait, segment_entry
from training.segments import renumber, train_segments
from training.simulate import simulate
from training.telecom import Source

REGISTRY = load_registry(ROOT / "models")
MODELS = scoring_models(REGISTRY)
ONE_SET = ((MONTHLY_CHARGE, "international_plan", "number_vmail_messages"),)
UNLIKE = {"version", "matched_to"}


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    """Enough rounds for groups of plan holders to be found among a few hundred customers."""
    monkeypatch.setattr(clustering, "RESAMPLES", 5)
    monkeypatch.setattr(clustering, "REFERENCE_DRAWS", 2)
    monkeypatch.setattr(clustering, "CANDIDATES", range(2, 5))
    monkeypatch.setattr(segments, "FEATURE_SETS", ONE_SET)


def a_source(n=600, seed=0):
    return Source(simulate(n, seed), "simulated.csv", "0" * 64)


def trained(source, version="1", previous=None, seed=0):
    # Through JSON, as a card is sealed and read.
    return json.loads(json.dumps(train_segments(version, source, MODELS, previous, seed)))


def assigned(card, frame):
    columns = columns_of(frame)
    return SegmentModel.from_card(card).assign(columns, "usage", score(columns, MODELS["usage"]).clv_usd)


@pytest.fixture(scope="module")
def source():
    return a_source()


@pytest.fixture
def card(source):
    return trained(source)


def test_the_card_is_read_by_the_service_and_assigns_the_customers_it_counts(card, source):
    assert card["method"] == "kmeans"
    sizes = np.bincount(assigned(card, source.frame), minlength=card["k"]).tolist()
    assert sizes == [segment["customers"] for segment in card["segments"]]
    assert sum(segment["share"] for segment in card["segments"]) == pytest.approx(1, abs=1e-5)
    for chart in learned_charts(card):
        Chart.model_validate(chart)


def test_two_runs_write_the_same_card(card, source):
    assert trained(source) == card


def test_whether_customers_left_chooses_nothing(card, source):
    frame = source.frame.copy()
    frame[CHURNED] = np.random.default_rng(1).permutation(frame[CHURNED].to_numpy())
    other = trained(Source(frame, source.file_name, source.sha256))
    for name in ("features", "centroids", "k", "curves", "tried", "golden"):
        assert other[name] == card[name]


def described_is_plan(entry):
    return DESCRIBED_BY_NAME[entry["feature"]].flag


def test_figures_of_a_segment_are_those_of_its_customers(card, source):
    labels, columns = assigned(card, source.frame), columns_of(source.frame)
    churned, scores = source.frame[CHURNED].to_numpy(bool), score(columns, MODELS["usage"])
    for segment in card["segments"]:
        inside = labels == segment["id"]
        assert segment["churn_rate"] == wilson(int(churned[inside].sum()), int(inside.sum()))
        assert segment["mean_clv_usd"] == pytest.approx(scores.clv_usd[inside].mean(), abs=0.005)
        assert segment["value_at_risk_usd"] == pytest.approx(scores.value_at_risk_usd[inside].sum(), abs=0.01)
        means = {difference["feature"]: difference["mean"] for difference in segment["differences"]}
        for described in DESCRIBED:
            values = described_values(described.name, columns, "usage", scores.clv_usd, 1.0)
            assert means[described.name] == pytest.approx(values[inside].mean(), abs=1e-4)
        for entry in segment["profile"]:
            values = described_values(entry["feature"], columns, "usage", scores.clv_usd, 1.0)
            places = values if described_is_plan(entry) else (rankdata(values) - 0.5) / len(values)
            assert entry["value"] == pytest.approx(places[inside].mean(), abs=1e-4)
            assert entry["overall"] == pytest.approx(places.mean(), abs=1e-4)


@pytest.mark.parametrize("which", ["shipped", "trained"])
def test_the_radar_draws_the_order_of_the_means_and_who_is_below_everybody(card, which):
    card = REGISTRY.champions[MODEL_NAME].card if which == "shipped" else card
    chart = next(chart for chart in learned_charts(card) if chart["id"] == "profiles")
    *drawn, reference = [[value for _, value in series["points"]] for series in chart["series"]]
    apart = [
        {entry["label"]: entry["standardised"] for entry in segment["differences"]} for segment in card["segments"]
    ]
    compared = 0
    for axis, label in enumerate(chart["x"]["categories"]):
        own = [(differences[label], values[axis]) for differences, values in zip(apart, drawn, strict=True)]
        told = [*own, (0.0, reference[axis])]  # everybody
        for (one, place), (other, further) in itertools.combinations(sorted(told), 2):
            # Skewed fields may order means that are nearly equal otherwise.
            if other - one >= 0.1:
                compared += 1
                assert place < further, label
    assert compared >= 10


def test_both_field_sets_are_among_the_golden_rows(card):
    assert {golden["field_set"] for golden in card["golden"]} == {"core", "usage"}
    assert all(len(golden["segment"]) == segments.GOLDEN_ROWS for golden in card["golden"])
    assert "minutes" in card["limits"][-1]


def test_a_refit_on_the_same_customers_keeps_numbers_and_names(card, source):
    again = trained(source, "2", card)
    same = {name: value for name, value in again.items() if name not in UNLIKE}
    assert same == {name: value for name, value in card.items() if name not in UNLIKE}
    assert again["matched_to"] == {"version": "1", "map": {str(place): place for place in range(card["k"])}}


def test_a_refit_keeps_numbers_and_names_whatever_number_a_group_had(card, source):
    permuted = copy.deepcopy(card)
    order = [*range(1, card["k"]), 0]
    permuted["segments"] = [
        {**card["segments"][old], "id": new, "persona": f"Known {old}"} for new, old in enumerate(order)
    ]
    again = trained(source, "2", permuted)
    before, after = assigned(card, source.frame), assigned(again, source.frame)
    for new, old in enumerate(order):
        assert again["segments"][new]["persona"] == f"Known {old}"
        assert set(after[before == old]) == {new}


def test_a_refit_on_a_resample_keeps_numbers_and_names(card, source):
    drawn = source.frame.sample(frac=1.0, replace=True, random_state=1).reset_index(drop=True)
    again = trained(Source(drawn, "resample.csv", "1" * 64), "2", card, seed=7)
    kept = again["matched_to"]["map"]
    assert len(kept) >= min(card["k"], again["k"]) - 1
    before, after = named(card), named(again)
    for old, new in kept.items():
        assert new == int(old)
        assert after[new] == before[int(old)]
    names = [segment["persona"] for segment in again["segments"]]
    assert len(set(names)) == len(names)


def named(card):
    return {segment["id"]: segment["persona"] for segment in card["segments"]}


def vanished(card, number):
    """The card with one group far from where any group is found again."""
    changed = copy.deepcopy(card)
    (segment,) = (segment for segment in changed["segments"] if segment["id"] == number)
    for difference in segment["differences"]:
        difference["mean"] += 1000.0
    return changed


def test_a_new_group_never_takes_the_number_of_one_that_is_gone(card, source):
    k = card["k"]
    second = trained(source, "2", vanished(card, 0))
    assert (sorted(named(second)), second["retired"]) == ([*range(1, k), k], [0])
    before, after = assigned(card, source.frame), assigned(second, source.frame)
    assert after.tolist() == np.where(before == 0, k, before).tolist()
    sizes = np.bincount(after, minlength=k + 1)
    assert [int(sizes[segment["id"]]) for segment in second["segments"]] == [s["customers"] for s in second["segments"]]
    assert all(named(second)[number] == named(card)[number] for number in range(1, k))
    assert second["matched_to"]["map"] == {str(number): number for number in range(1, k)}
    personas = SegmentModel.from_card(second).segmenter().personas
    assert named_segment(0, personas) == {"id": 0, "persona": "Segment 0"}
    assert named_segment(k, personas) == {"id": k, "persona": named(second)[k]}
    # The highest number is gone as well, and what was sealed in between remembers both.
    third = trained(source, "3", vanished(second, k))
    assert (sorted(named(third)), third["retired"]) == ([*range(1, k), k + 1], [0, k])
    assert named(trained(source, "4", third)) == named(third)


def test_rules_in_between_do_not_free_a_number(card, source, monkeypatch):
    with monkeypatch.context() as nothing:
        nothing.setattr(clustering, "SILHOUETTE_FLOOR", 2.0)
        rules = trained(source, "2", card)
    assert (rules["method"], rules["retired"]) == ("rules", list(range(card["k"])))
    again = trained(source, "3", rules)
    assert sorted(named(again)) == list(range(card["k"], 2 * card["k"]))


def test_a_name_that_is_true_no_more_is_given_up(card, source):
    wrong = copy.deepcopy(card)
    wrong["segments"][0]["persona"] = "Customers who seldom call abroad"
    again = trained(source, "2", wrong)
    assert named(again) == named(card)


def test_segments_of_another_world_keep_nothing(card, source):
    far = copy.deepcopy(card)
    for segment in far["segments"]:
        segment["persona"] = f"Known {segment['id']}"
        for difference in segment["differences"]:
            difference["mean"] += 1000.0
    again = trained(source, "2", far)
    assert again["matched_to"]["map"] == {}
    assert [segment["id"] for segment in again["segments"]] == list(range(card["k"], 2 * card["k"]))
    assert again["retired"] == list(range(card["k"]))
    assert not any(segment["persona"].startswith("Known") for segment in again["segments"])


def test_when_nothing_separates_the_card_says_so_and_segments_are_rules(source, monkeypatch):
    frame, random = source.frame.copy(), np.random.default_rng(0)
    frame["international_plan"] = random.normal(50, 10, len(frame)).round()
    monkeypatch.setattr(segments, "FEATURE_SETS", (("account_length", MONTHLY_CHARGE, "domestic_calls"),))
    card = trained(Source(frame, "structureless.csv", "2" * 64))
    assert (card["method"], card["features"], card["centroids"], card["k"]) == ("rules", [], [], len(RULE_SEGMENTS))
    assert card["finding"].startswith("Nothing separates")
    assert {"silhouette", "stability", "one_cloud", "shuffled"} == set(card["curves"])
    model = SegmentModel.from_card(card)
    assert (model.personas, model.segmenter()) == (rule_personas(), None)
    scores = score(columns_of(frame), MODELS["usage"])
    sizes = np.bincount(rule_segment(scores.tier, scores.value_band), minlength=len(RULE_SEGMENTS)).tolist()
    assert [segment["customers"] for segment in card["segments"]] == sizes
    assert sum(sizes) == len(frame)
    for chart in learned_charts(card):
        Chart.model_validate(chart)


def test_groups_after_rules_are_new(source, card, monkeypatch):
    with monkeypatch.context() as nothing:
        nothing.setattr(clustering, "SILHOUETTE_FLOOR", 2.0)
        rules = trained(source)
    assert rules["method"] == "rules"
    again = trained(source, "2", rules)
    assert again["matched_to"] == {"version": "1", "map": {}}
    assert again["segments"] == card["segments"]


def test_of_a_segment_of_nobody_no_churn_rate_is_said():
    scores = SimpleNamespace(clv_usd=np.array([100.0, 200.0]), value_at_risk_usd=np.array([1.0, 2.0]))
    frame = Portrait({}, np.array([True, False]), scores)
    entry = segment_entry(frame, 3, np.array([False, False]), "Nobody", [], "First.")
    assert (entry["customers"], entry["churn_rate"], entry["mean_clv_usd"]) == (0, None, None)
    assert entry["sentences"][1] == "No training customer belongs here."


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("pairs", [{}, {0: 0}, {4: 0, 1: 2}, {2: 1, 7: 0}])
@pytest.mark.parametrize("used", [set(), {0, 1, 2, 4, 7, 9}])
def test_numbers_are_given_once_each(k, pairs, used):
    inside = {old: new for old, new in pairs.items() if new < k}
    numbers = renumber(inside, k, used)
    assert len(set(numbers)) == k
    assert all(numbers[new] == old for old, new in inside.items())
    new = [number for group, number in enumerate(numbers) if group not in inside.values()]
    first = max({*used, *inside}, default=-1) + 1
    assert new == list(range(first, first + len(new)))


@pytest.mark.real_data
def test_figures_of_the_shipped_segments_follow_from_the_sealed_files_and_the_table(real_data):
    card = REGISTRY.champions[MODEL_NAME].card
    frame = load_bigml(real_data / card["data"]["training"]["file"])
    labels, churned = assigned(card, frame), frame[CHURNED].to_numpy(bool)
    scores = score(columns_of(frame), MODELS["usage"])
    for segment in card["segments"]:
        inside = labels == segment["id"]
        assert segment["customers"] == int(inside.sum())
        assert segment["churn_rate"] == wilson(int(churned[inside].sum()), int(inside.sum()))
        assert segment["mean_clv_usd"] == pytest.approx(scores.clv_usd[inside].mean(), abs=0.005)
        assert segment["value_at_risk_usd"] == pytest.approx(scores.value_at_risk_usd[inside].sum(), abs=0.01)
