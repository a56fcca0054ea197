"""A field that decides matters, one that is not read does not, and what belongs together is asked together."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from app.explanations.trees import TREES, Forest
from app.registry.service import load_registry, read_file
from app.settings import ROOT
from app.telecom.features import DESIGN_COLUMNS, MINUTE_NAMES
from app.telecom.scoring import ScoringModel, score
from training import importance
from training.datasets import CHURNED, columns_of
from training.importance import correlated_groups, importance_of
from training.simulate import simulate

FRAME = simulate(500, seed=11)
COLUMNS, CHURN = columns_of(FRAME), FRAME[CHURNED].to_numpy(np.bool_)


@pytest.fixture(scope="module")
def sealed():
    return load_registry(ROOT / "models").champions["telecom-usage"]


@pytest.fixture
def model(sealed):
    return ScoringModel.from_card(sealed.card, sealed.graph)


@pytest.fixture
def forest(sealed):
    return Forest.from_npz(read_file(sealed, TREES))


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(importance, "SHUFFLES", 5)


def rows_of(model, forest, columns=COLUMNS, groups=()):
    found = importance_of(columns, CHURN, model, forest, groups, seed=0)
    return {row["name"]: row for row in found["rows"]}


def test_only_the_column_a_model_reads_loses_when_it_is_shuffled(quick, model, forest):
    place = DESIGN_COLUMNS["usage"].index("customer_service_calls")
    calls_only = replace(
        model, graph=lambda design: (design[:, place].astype(np.float64) / 20, design[:, 0].astype(np.float64))
    )
    rows = rows_of(calls_only, forest)
    assert rows["customer_service_calls"]["auc_drop"]["value"] > 0.01
    others = [row for name, row in rows.items() if name != "customer_service_calls"]
    assert {row["auc_drop"]["value"] for row in others} == {0.0}
    assert {row["brier_rise"]["high"] for row in others} == {0.0}


def test_a_bill_follows_its_minutes_when_they_are_shuffled(quick, model, forest):
    place = DESIGN_COLUMNS["usage"].index("monthly_charge_usd")
    bill_only = replace(
        model, graph=lambda design: (design[:, place].astype(np.float64) / 200, design[:, 0].astype(np.float64))
    )
    rows = rows_of(bill_only, forest)
    assert rows["total_day_minutes"]["auc_drop"]["value"] != 0
    assert rows["total_day_calls"]["auc_drop"]["value"] == 0


def test_a_drop_is_the_mean_over_shuffles_of_what_is_lost(monkeypatch, model, forest):
    monkeypatch.setattr(importance, "SHUFFLES", 1)
    random = np.random.default_rng(0)
    order = random.permutation(len(CHURN))
    # The first field asked about gets the first shuffle.
    whole = score(COLUMNS, model).churn_probability
    changed = score({**COLUMNS, "account_length": COLUMNS["account_length"][order]}, model).churn_probability
    row = rows_of(model, forest)["account_length"]
    drop = roc_auc_score(CHURN, whole) - roc_auc_score(CHURN, changed)
    assert row["auc_drop"]["value"] == pytest.approx(drop, abs=1e-6)
    rise = brier_score_loss(CHURN, changed) - brier_score_loss(CHURN, whole)
    assert row["brier_rise"]["value"] == pytest.approx(rise, abs=1e-6)


def test_shap_is_the_mean_absolute_contribution_and_a_groups_is_that_of_its_sum(quick, model, forest):
    groups = correlated_groups(COLUMNS, model)
    rows = rows_of(model, forest, groups=groups)
    explained = importance.explain(COLUMNS, model, forest)
    for place, name in enumerate(explained.fields):
        expected = np.abs(explained.contributions[:, place]).mean()
        assert rows[name]["shap"]["value"] == pytest.approx(expected, abs=1e-6)
    minutes = [explained.fields.index(name) for name in MINUTE_NAMES]
    together = np.abs(explained.contributions[:, minutes].sum(axis=1)).mean()
    assert rows["minutes"]["shap"]["value"] == pytest.approx(together, abs=1e-6)
    assert rows["minutes"]["is_group"]
    assert rows["total_day_minutes"]["groups"] == ["minutes"]


def test_fields_are_grouped_by_their_correlation_either_way(model):
    random = np.random.default_rng(0)
    columns = {name: random.random(300) for name in COLUMNS}
    columns["total_eve_calls"] = -columns["total_day_calls"] + 0.1 * random.random(300)
    names = [group.name for group in correlated_groups(columns, model)]
    assert names == ["total_day_calls+total_eve_calls", "minutes"]
    (calls, _) = correlated_groups(columns, model)
    assert calls.label == "Number of day calls and number of evening calls"


def test_without_minutes_there_is_no_group_of_them(model):
    core = replace(model, field_set="core")
    assert "minutes" not in [group.name for group in correlated_groups(COLUMNS, core)]
