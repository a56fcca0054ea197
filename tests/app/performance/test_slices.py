import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from app.performance.slices import LEAST_CHURNED, LEAST_CUSTOMERS, slice_tables

CUT_POINT = 0.5


def table_of(labels, churned, probability):
    (table,) = slice_tables({"state": ("State", np.array(labels))}, churned, probability, CUT_POINT, seed=0)
    return table


def test_a_slice_says_what_its_customers_say(held_out):
    labels = np.where(np.arange(len(held_out.churned)) % 3 == 0, "KS", "OH")
    table = table_of(labels, held_out.churned, held_out.churn_probability)
    assert [row["value"] for row in table["rows"]] == ["KS", "OH"]
    for row in table["rows"]:
        inside = labels == row["value"]
        churned, probability = held_out.churned[inside], held_out.churn_probability[inside]
        assert (row["customers"], row["churned"]) == (inside.sum(), churned.sum())
        assert row["churn_rate"]["value"] == pytest.approx(churned.mean(), abs=1e-6)
        assert row["mean_probability"] == pytest.approx(probability.mean(), abs=1e-6)
        assert row["recall"]["value"] == pytest.approx((probability[churned] >= CUT_POINT).mean(), abs=1e-6)
        assert row["precision"]["value"] == pytest.approx(churned[probability >= CUT_POINT].mean(), abs=1e-6)
        assert row["roc_auc"]["value"] == pytest.approx(roc_auc_score(churned, probability), abs=1e-6)
        assert row["roc_auc"]["low"] < row["roc_auc"]["value"] < row["roc_auc"]["high"]


def test_small_slices_are_hidden_and_counted():
    sizes = {"few": LEAST_CUSTOMERS - 1, "loyal": 60, "enough": LEAST_CUSTOMERS}
    leavers = {"few": 20, "loyal": LEAST_CHURNED - 1, "enough": LEAST_CHURNED}
    labels = np.repeat(list(sizes), list(sizes.values()))
    churned = np.concatenate([np.arange(size) < leavers[name] for name, size in sizes.items()])
    table = table_of(labels, churned, np.linspace(0, 1, len(churned)))
    assert [row["value"] for row in table["rows"]] == ["enough"]
    assert table["hidden"] == {"slices": 2, "customers": sizes["few"] + sizes["loyal"]}
    assert "2 small parts (89 customers) are not shown" in table["message"]


def test_a_slice_that_is_ranked_worse_is_named_in_the_message():
    random = np.random.default_rng(0)
    churned = random.random(800) < 0.3
    probability = np.where(np.arange(800) < 400, churned * 0.5 + random.random(800) * 0.4, random.random(800))
    table = table_of(np.repeat(["good", "bad"], 400), churned, probability)
    assert "1 of 2 parts ranks clearly worse" in table["message"]
    alike = table_of(random.permutation(np.repeat(["a", "b"], 400)), churned, probability)
    assert "No part ranks clearly worse" in alike["message"]


def test_a_slice_in_which_everybody_left_has_no_ranking():
    churned = np.concatenate([np.ones(40, bool), np.arange(40) < 10])
    table = table_of(np.repeat(["gone", "mixed"], 40), churned, np.linspace(0, 1, 80))
    by_value = {row["value"]: row for row in table["rows"]}
    assert by_value["gone"]["roc_auc"] is None
    assert by_value["mixed"]["roc_auc"] is not None


def test_nothing_to_show_is_said():
    table = table_of(["KS"] * 10, np.arange(10) < 5, np.linspace(0, 1, 10))
    assert (table["rows"], table["message"]) == ([], "State: every part is too small to show.")
