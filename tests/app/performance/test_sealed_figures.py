"""What the pages show of the shipped versions is recomputed, by scikit-learn, from the held-out scores they keep."""

import json

import numpy as np
import pytest
from sklearn import metrics

from app.performance.held_out import FILE, PERFORMANCE, TAILS, HeldOut
from app.registry.service import load_registry, read_file
from app.telecom.policy import TIER_CUT_POINTS
from tests import factories

NAMES = ("telecom-core", "telecom-usage")
pytestmark = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def sealed(name):
    return load_registry(factories.ROOT / "models").champions[name]


@pytest.fixture
def held_out(sealed):
    return HeldOut.from_npz(read_file(sealed, FILE))


@pytest.fixture
def page(sealed):
    return json.loads(read_file(sealed, PERFORMANCE))


@pytest.fixture
def ask(served, sealed, name):
    def asked(rest, **query):
        answer = served.get(f"/models/{name}/versions/{sealed.version}{rest}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return asked


def chart_of(page, chart_id):
    return next(chart for chart in page["charts"] if chart["id"] == chart_id)


def expected_figures(held_out, cut_point):
    churned, probability = held_out.churned, held_out.churn_probability
    called = probability >= cut_point
    bounded = probability.clip(1e-4, 1 - 1e-4)
    return {
        "roc_auc": metrics.roc_auc_score(churned, probability),
        "average_precision": metrics.average_precision_score(churned, probability),
        "brier_score": metrics.brier_score_loss(churned, probability),
        "log_loss": metrics.log_loss(churned, bounded),
        **decisions(churned, called),
    }


def decisions(churned, called):
    return {
        "accuracy": metrics.accuracy_score(churned, called),
        "precision": metrics.precision_score(churned, called, zero_division=0),
        "recall": metrics.recall_score(churned, called),
        "f1": metrics.f1_score(churned, called, zero_division=0),
        "specificity": metrics.recall_score(~churned, ~called),
    }


def test_the_figures_are_those_of_the_held_out_scores_and_of_the_card(sealed, held_out, page, ask):
    shown = ask("/performance")["figures"]
    reported = sealed.card["reported"]["churn"]
    for name, value in expected_figures(held_out, page["figures"]["cut_point"]).items():
        assert shown[name]["value"] == pytest.approx(value, abs=1e-6), name
        assert shown[name] == reported[name], name
    assert shown["churn_rate"] == pytest.approx(held_out.churned.mean(), abs=1e-6)
    assert shown["majority_share"] == pytest.approx(1 - held_out.churned.mean(), abs=1e-6)


def test_an_interval_is_a_bootstrap_of_the_held_out_scores(sealed, held_out, page):
    random = np.random.default_rng(sealed.card["seed"])
    by_value = np.argsort(held_out.target_clv_usd, kind="stable")
    values = []
    while len(values) < 500:
        drawn = by_value[random.integers(0, len(held_out.churned), len(held_out.churned))]
        values.append(metrics.roc_auc_score(held_out.churned[drawn], held_out.churn_probability[drawn]))
    shown = page["figures"]["roc_auc"]
    assert (shown["low"], shown["high"]) == pytest.approx(np.quantile(values, TAILS), abs=1e-6)


def test_the_curves_are_scikit_learns(held_out, ask):
    churned, probability = held_out.churned, held_out.churn_probability
    false, true, _ = metrics.roc_curve(churned, probability, drop_intermediate=False)
    for x, y in ask("/charts/roc")["series"][0]["points"][1:]:
        assert y == pytest.approx(np.interp(x, false, true), abs=1e-6)
    precision, recall, _ = metrics.precision_recall_curve(churned, probability)
    for x, y in ask("/charts/precision-recall")["series"][0]["points"]:
        assert y == pytest.approx(precision[np.flatnonzero(recall >= x - 1e-12)[-1]], abs=1e-6)


def test_gain_and_lift_are_counted_from_the_top(held_out, ask):
    gain = dict(ask("/charts/gain")["series"][0]["points"])
    lift = dict(ask("/charts/lift")["series"][0]["points"])
    rows = len(held_out.churned)
    for share in (0.05, 0.2, 0.5, 1.0):
        lowest = held_out.churn_probability[::-1][min(int(share * rows), rows - 1)]
        above, on = held_out.churn_probability > lowest, held_out.churn_probability == lowest
        reached = held_out.churned[above].sum() + (share * rows - above.sum()) / on.sum() * held_out.churned[on].sum()
        assert gain[share] == pytest.approx(reached / held_out.churned.sum(), abs=1e-6)
        assert lift[share] == pytest.approx(gain[share] / share, abs=1e-5)


def test_the_histogram_counts_the_held_out_scores(held_out, ask):
    stayed, left = (series["points"] for series in ask("/charts/score-histogram")["series"])
    edges = np.arange(21) / 20
    assert [count for _, count in left] == np.histogram(held_out.churn_probability[held_out.churned], edges)[0].tolist()
    assert [count for _, count in stayed] == np.histogram(held_out.churn_probability[~held_out.churned], edges)[
        0
    ].tolist()


def test_the_calibration_chart_draws_its_bins_and_the_bins_hold_everybody(held_out, page):
    bins = page["calibration"]["bins"]
    assert sum(part["customers"] for part in bins) == len(held_out.churned)
    drawn = chart_of(page, "calibration")["series"][0]
    assert drawn["points"] == [[part["mean_probability"], part["observed"]["value"]] for part in bins]
    for part in bins:
        inside = (held_out.churn_probability >= part["low"]) & (held_out.churn_probability <= part["high"])
        assert part["customers"] == inside.sum()
        assert part["churned"] == held_out.churned[inside].sum()
        assert part["mean_probability"] == pytest.approx(held_out.churn_probability[inside].mean(), abs=1e-6)


@pytest.mark.parametrize("cut_point", [0.0, 0.02, *TIER_CUT_POINTS, 0.5, 1.0])
def test_the_matrix_is_scikit_learns_at_any_cut_point(held_out, ask, cut_point):
    found = ask("/confusion", cut_point=cut_point)
    called = held_out.churn_probability >= cut_point
    (tn, fp), (fn, tp) = metrics.confusion_matrix(held_out.churned, called)
    counts = ("true_negatives", "false_positives", "false_negatives", "true_positives")
    assert [found[name] for name in counts] == [tn, fp, fn, tp]
    for name, value in decisions(held_out.churned, called).items():
        if name == "precision" and not called.any():
            assert found["figures"][name] is None
        else:
            assert found["figures"][name]["value"] == pytest.approx(value, abs=1e-6), name


def test_the_threshold_table_says_what_the_matrix_says(ask):
    rows = ask("/thresholds")["rows"]
    assert rows == ask("/performance")["thresholds"]["rows"]
    for row in rows[::4]:
        matrix = ask("/confusion", cut_point=row["cut_point"])
        for name in ("true_positives", "false_positives", "false_negatives", "true_negatives"):
            assert row[name] == matrix[name]
        for name in ("accuracy", "precision", "recall", "f1", "specificity"):
            of_the_matrix = matrix["figures"][name]
            if of_the_matrix is None:
                assert (name, row["called_share"]) == ("precision", 0.0)
                continue
            assert row[name]["value"] == of_the_matrix["value"]
            assert of_the_matrix["high"] - of_the_matrix["low"] >= row[name]["high"] - row[name]["low"]
    assert "resamples" in ask("/thresholds")["note"]


def test_the_lifetime_value_figures_are_those_of_the_held_out_values(held_out, ask):
    shown = ask("/clv")["figures"]
    target, answered = held_out.target_clv_usd, held_out.clv_usd
    assert shown["r2"]["value"] == pytest.approx(metrics.r2_score(target, answered), abs=1e-6)
    errors = {
        "mean_absolute_error_usd": metrics.mean_absolute_error(target, answered),
        "root_mean_squared_error_usd": metrics.root_mean_squared_error(target, answered),
    }
    for name, value in errors.items():
        assert shown[name]["value"] == pytest.approx(value, abs=1e-6), name
    assert "not observed" in ask("/clv")["note"]
    for x, y in ask("/charts/clv-predicted")["series"][0]["points"][::17]:
        assert y == pytest.approx(answered[np.argmin(np.abs(target - x) + np.abs(answered - y))], abs=1e-6)


def test_profit_is_the_sum_over_the_held_out_customers(held_out, ask):
    found = ask("/profit", contact_cost=20, offer_cost=120, save_rate=0.25, value_share=0.5)
    saved = 0.25 * (0.5 * held_out.remaining_value_usd - 120) - 20
    profit = np.where(held_out.churned, saved, -140) * 1000 / len(held_out.churned)
    curve = [profit[held_out.churn_probability >= cut / 100].sum() for cut in range(101)]
    drawn = found["chart"]["series"][0]["points"]
    assert [y for _, y in drawn] == pytest.approx(curve, abs=0.006)
    counted = found["best"]["profit_usd_per_1000"]["value"] + found["best"]["optimism_usd_per_1000"]
    assert counted == pytest.approx(max(curve), abs=0.011)
    by_name = {policy["name"]: policy["profit_usd_per_1000"]["value"] for policy in found["policies"]}
    probability, value = held_out.churn_probability, 0.5 * held_out.predicted_remaining_usd
    worth = probability * 0.25 * (value - 120) - (1 - probability) * 120 - 20 > 0
    expected = [0, curve[0], curve[round(100 * TIER_CUT_POINTS[-1])], profit[worth].sum()]
    assert list(by_name.values()) == pytest.approx(expected, abs=0.006)


def test_the_true_bill_decides_only_where_the_model_knows_it(name, held_out):
    known = np.array_equal(held_out.remaining_value_usd, held_out.predicted_remaining_usd)
    assert known == (name == "telecom-usage")


def test_no_id_and_no_profile_is_kept(sealed):
    with np.load(sealed.folder / FILE, allow_pickle=False) as arrays:
        assert set(arrays.files) == {
            "churned", "forest_score", "churn_probability", "clv_usd", "target_clv_usd", "remaining_value_usd",
            "predicted_remaining_usd",
        }  # fmt: skip


def test_correlated_fields_are_asked_about_together(name, page):
    rows = {row["name"]: row for row in page["importance"]["rows"]}
    mail = rows["voice_mail_plan+number_vmail_messages"]
    assert mail["is_group"]
    assert mail["auc_drop"]["value"] >= max(rows[field]["auc_drop"]["value"] for field in mail["name"].split("+"))
    assert ("minutes" in rows) == (name == "telecom-usage")
    assert all(row["shap"]["low"] <= row["shap"]["value"] <= row["shap"]["high"] for row in rows.values())


def test_the_comparison_shows_every_rival_or_why_it_is_missing(sealed, page):
    rows = page["comparison"]["rows"]
    assert [row["model"] for row in rows] == [row["model"] for row in sealed.card["churn"]["comparison"]]
    assert {"logistic regression", "untuned forest", "gradient boosting", "XGBoost", "LightGBM"} < {
        row["model"] for row in rows
    }
    assert [row["is_this_model"] for row in rows] == [True] + [False] * (len(rows) - 1)
    for row in rows[1:]:
        difference = row["paired_difference"]["roc_auc"]
        assert difference["value"] == pytest.approx(row["roc_auc"]["value"] - rows[0]["roc_auc"]["value"], abs=2e-6)


def test_slices_hold_every_customer_shown_or_hidden(sealed, page):
    customers = sum(sealed.card["data"][side]["rows"] for side in ("training", "reporting"))
    dimensions = {dimension["name"]: dimension for dimension in page["slices"]["dimensions"]}
    assert list(dimensions) == ["state", "area_code", "international_plan", "voice_mail_plan"]
    for dimension in dimensions.values():
        shown = sum(row["customers"] for row in dimension["rows"])
        assert shown + dimension["hidden"]["customers"] == customers
        assert all(row["customers"] >= 30 and row["churned"] >= 5 for row in dimension["rows"])
    assert dimensions["state"]["hidden"]["slices"] > 0
