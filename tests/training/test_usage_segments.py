import json

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from app.events.leaks import LeakFound
from training import usage_segments
from training.clustering import single_threaded
from training.usage_segments import (
    COLUMNS,
    DATA,
    DEFAULT_PATH,
    LOW_QUANTILE,
    MINUTES,
    TENURE,
    Table,
    load_usage,
    low_usage,
    low_usage_cuts,
    main,
    profile,
    report,
    scaled_logs,
    segment,
    train_low_usage_classifier,
    written,
)
from training.usage_segments import measure as measure_groups


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    """Enough rounds for groups that lie far apart."""
    monkeypatch.setattr(usage_segments, "REFITS", 5)
    monkeypatch.setattr(usage_segments, "REFIT_ROWS", 400)
    monkeypatch.setattr(usage_segments, "SILHOUETTE_SAMPLES", 2)
    monkeypatch.setattr(usage_segments, "SILHOUETTE_ROWS", 300)
    monkeypatch.setattr(usage_segments, "CANDIDATES", range(2, 5))
    monkeypatch.setattr("training.clustering.CANDIDATES", range(2, 5))
    monkeypatch.setattr("training.clustering.REFERENCE_DRAWS", 2)
    monkeypatch.setattr(usage_segments, "SIMULATED_CUSTOMERS", 1_500)


def usage(n=900, seed=0):
    """Four groups: newer who only talk, older who only talk, those who use data, and those who do nothing else."""
    rng = np.random.default_rng(seed)
    group = rng.choice(4, n, p=[0.3, 0.3, 0.25, 0.15])
    return {
        TENURE: np.exp(np.array([5.8, 7.7, 6.7, 6.7])[group] + 0.06 * rng.standard_normal(n)),
        MINUTES: np.exp(np.array([8.5, 8.6, 9.0, 6.0])[group] + 0.06 * rng.standard_normal(n)),
        DATA: np.where(group >= 2, np.exp(7 + 0.3 * rng.standard_normal(n)), 0.0),
    }


def without_groups(n=900, seed=0):
    rng = np.random.default_rng(seed)
    return {name: np.exp(5 + rng.standard_normal(n)) for name in COLUMNS}


def test_groups_that_are_there_are_found_and_described():
    found = segment(usage(), 0)
    assert found["k"] == 4
    words = [part["in_words"] for part in found["segments"]]
    assert [part["customers"] for part in found["segments"]] == sorted(
        (part["customers"] for part in found["segments"]), reverse=True
    )
    assert sum(part["customers"] for part in found["segments"]) == 900
    assert sorted(text.split(" (")[0] for text in words) == [
        "Customers of middling standing",
        "Customers of middling standing",
        "Long-standing customers",
        "Newer customers",
    ]
    assert sum("hardly use data (0% use any)" in text for text in words) == 2
    assert sum("(100% use any)" in text for text in words) == 2
    assert sum("talk little" in text for text in words) >= 1


def test_where_nothing_separates_everybody_is_one_group():
    found = segment(without_groups(), 0)
    assert (found["k"], len(found["segments"]), found["segments"][0]["share"]) == (None, 1, 1.0)
    text = written(report(Table(without_groups(), 0), 0))
    assert "No groups (The largest number of groups" in text


def test_every_number_in_a_profile_is_the_groups_own():
    table = usage()
    inside = table[DATA] > 0
    found = profile(table, inside)
    assert found["medians"] == {name: float(np.median(values[inside])) for name, values in table.items()}
    assert (found["customers"], found["share_with_data"]) == (inside.sum(), 1.0)
    assert found["share"] == pytest.approx(inside.mean(), abs=1e-6)
    assert f"({found['medians'][TENURE] / 365.25:.1f} years)" in found["in_words"]
    assert f"({found['medians'][MINUTES]:,.0f} minutes)" in found["in_words"]


def test_words_follow_everybodys_terciles():
    table = {TENURE: np.arange(1.0, 10), MINUTES: np.arange(1.0, 10)[::-1], DATA: np.arange(1.0, 10)}
    lowest, highest = (profile(table, np.isin(np.arange(9), places))["in_words"] for places in ([0, 1], [7, 8]))
    assert lowest.startswith("Newer customers") and "talk a lot" in lowest and "use a little data" in lowest
    assert highest.startswith("Long-standing") and "talk little" in highest and "use much data" in highest


def test_logs_are_scaled_and_a_column_that_never_varies_stays_finite():
    scaled = scaled_logs({**usage(), DATA: np.zeros(900)})
    assert scaled.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert scaled.std(axis=0) == pytest.approx([1, 1, 0])


def test_the_same_seed_measures_the_same():
    table = usage()
    assert segment(table, 3) == segment(table, 3)
    scaled = scaled_logs(table)
    fits = {2: (scaled[:, 2] > 0).astype(np.intp)}
    with single_threaded():
        assert measure_groups(scaled, fits, 1)["stability"][0]["k"] == 2


def test_low_usage_is_a_flag_at_the_tables_own_quantiles():
    table = usage()
    cuts = low_usage_cuts(table)
    marked = low_usage(table, cuts)
    assert cuts == {name: float(np.quantile(table[name], LOW_QUANTILE)) for name in (MINUTES, DATA)}
    assert marked.tolist() == [m <= cuts[MINUTES] and d <= 0 for m, d in zip(table[MINUTES], table[DATA], strict=True)]
    assert 0 < marked.mean() <= LOW_QUANTILE


def test_a_classifier_of_the_rule_is_refused_with_the_reason():
    with pytest.raises(LeakFound, match="AUC would be 1 by construction, and it would foresee nothing"):
        train_low_usage_classifier(usage(), 0)


def test_why_it_is_refused_the_rule_is_recited_without_knowing_anything():
    # Trained past the refusal: perfect on unseen customers, and only because the answer is written in the question.
    table = usage(3_000)
    design, marked = np.column_stack([table[name] for name in COLUMNS]), low_usage(table, low_usage_cuts(table))
    fitted = HistGradientBoostingClassifier(random_state=0).fit(design[:2_000], marked[:2_000])
    assert roc_auc_score(marked[2_000:], fitted.predict_proba(design[2_000:])[:, 1]) > 0.995
    # Who leaves next month by the toss of a coin is not foreseen by it at all.
    left = np.random.default_rng(1).random(1_000) < 0.2
    assert abs(roc_auc_score(left, fitted.predict_proba(design[2_000:])[:, 1]) - 0.5) < 0.1


def test_rows_that_cannot_be_read_are_counted(tmp_path):
    file = tmp_path / "usage.csv"
    file.write_text("total_mou,aon,total_data_usage,more\n1,2,3,x\n,2,3,x\nx,2,3,x\n-1,2,3,x\ninf,2,3,x\n4,5,6,x\n")
    table = load_usage(file)
    assert (table.usage[TENURE].tolist(), table.usage[MINUTES].tolist(), table.refused) == ([2, 5], [1, 4], 4)
    file.write_text("aon,total_mou\n1,2\n")
    with pytest.raises(ValueError, match="no column total_data_usage"):
        load_usage(file)
    file.write_text("aon,total_mou,total_data_usage\nx,2,1\n")
    with pytest.raises(ValueError, match="no row"):
        load_usage(file)


def test_the_report_is_printed_and_written(tmp_path, capsys):
    table = usage()
    file = tmp_path / "usage.csv"
    rows = zip(*(table[name].tolist() for name in COLUMNS), strict=True)
    file.write_text(",".join(COLUMNS) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    assert main([str(file), "--out", str(tmp_path / "out.json")]) == 0
    printed, kept = capsys.readouterr().out, json.loads((tmp_path / "out.json").read_text())
    assert written(kept) == printed
    assert "900 customers, 0 rows refused; no label and no date" in printed
    assert kept["classifier_of_the_rule"]["trained"] is False
    assert kept["classifier_of_the_rule"]["reason"] in printed
    assert set(kept["two_windows"]["answers"]) <= {"Yes", "No"}


@pytest.mark.real_data
def test_the_public_table_has_groups_that_are_found_again(shared_data, monkeypatch):
    monkeypatch.setattr(usage_segments, "REFIT_ROWS", 3_000)
    assert DEFAULT_PATH.name == "usage.csv"
    table = load_usage(shared_data / "telecom_usage_unlabelled/usage.csv")
    found = segment({name: values[::5] for name, values in table.usage.items()}, 0)
    assert (len(table.usage[TENURE]), table.refused) == (99_999, 0)
    assert found["k"] in (2, 3, 4)
    assert sum(part["customers"] for part in found["segments"]) == 20_000
    assert low_usage(table.usage, low_usage_cuts(table.usage)).mean() == pytest.approx(0.124, abs=0.001)
