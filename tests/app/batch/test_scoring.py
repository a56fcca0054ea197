import json
import pickle
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.segments.assignment import SegmentModel
from app.telecom.answers import ANSWER_COLUMNS, COMPACT_KEYS, full_answer
from app.telecom.features import FIELDS, MINUTE_FIELDS
from app.telecom.schemas import read_customer
from app.telecom.segmenter import UNASSIGNED
from app.telecom.service import TelecomService
from app.web.csv_cells import neutralise
from tests.app.batch.grouped_models import PERSONAS, segment_card
from tests.app.batch.odd_files import MODELS, NAMES, a_file, a_row, read_file, rows_of
from tests.simulated_requests import simulated_customers

SEGMENTER = SegmentModel.from_card(segment_card()).segmenter()
SERVICE = TelecomService(MODELS, SimpleNamespace(most_waiting=1), SEGMENTER)  # nothing is written here
AMOUNTS = st.floats(0, 44_640) | st.floats(0, 1e-3) | st.floats(0, 500).map(lambda value: round(value, 1))
NO_MINUTES = {field.alias: "" for field in MINUTE_FIELDS}


def as_text(customer):
    return {name: value if isinstance(value, str) else repr(value) for name, value in customer.items()}


def assert_same_as_predict(rows):
    """Compare everything a file says and stores of its rows with what /predict says and stores of each."""
    read = read_file(a_file(*rows).encode(), segmenter=SEGMENTER)
    assert read.rejected == 0, read.rejections
    asked = [read_customer({name: value for name, value in row.items() if value})[0] for row in rows]
    expected = SERVICE.answer(asked, ["request"] * len(rows))
    results = rows_of(read.results)
    for place, (row, result) in enumerate(zip(expected, results, strict=True)):
        stored = {name: values[place] for name, values in read.stored.items()}
        answer = json.loads(row["answer"])
        for name in ("customer_id", "model_name", "model_version", "profile", "churn_probability", "tier", "clv_cents"):
            assert stored[name] == row[name]
        for name in ("monthly_charge_cents", "value_at_risk_cents", "value_band", "segment"):
            assert stored[name] == row[name]
        assert tuple(json.loads(stored["answer"])) == COMPACT_KEYS
        assert full_answer({**stored, "id": answer["prediction_id"]}, PERSONAS) == answer
        assert_tells(result, answer)


def assert_tells(result, answer):
    told = {name: result[name] for name in ANSWER_COLUMNS}
    numbers = {
        name: float(told.pop(name))
        for name in list(told)
        if told[name].replace(".", "").isdigit() or "e-" in told[name]
    }
    assert numbers == {
        "churn_probability": answer["churn_probability"],
        "probability_low": answer["probability_interval"][0],
        "probability_high": answer["probability_interval"][1],
        "estimated_clv": answer["estimated_clv"],
        "clv_low": answer["clv_interval"][0],
        "clv_high": answer["clv_interval"][1],
        "value_at_risk_usd": answer["value_at_risk_usd"],
        "segment": answer["segment"]["id"],
    }
    assert told == {
        **{name: answer[name] for name in ("churn_risk", "confidence", "value_band", "recommendation_code")},
        "recommendation": answer["recommendation"],
        "model": f"{answer['model']['name']}/{answer['model']['version']}",
        "warnings": " ".join(warning["message"] for warning in answer["warnings"]),
        "persona": neutralise(answer["segment"]["persona"]),
    }


def test_a_file_says_what_predict_says():
    rows = [as_text(customer) for customer in simulated_customers(400, seed=5, id_prefix="c")]
    for place in range(0, 400, 3):
        rows[place] |= NO_MINUTES
    assert_same_as_predict(rows)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_accepted_customer_gets_the_answer_of_predict(data):
    values = {
        "amount": AMOUNTS.map(lambda value: f"{value:.25f}"),
        "flag": st.sampled_from(["yes", "no", "Y", " n "]),
        "code": st.just(None),
    }
    rows = []
    for _ in range(data.draw(st.integers(1, 4))):
        changes = {}
        for field in FIELDS:
            if field.kind == "count":
                changes[field.alias] = str(data.draw(st.integers(0, int(field.maximum))))
            elif field.kind != "code":
                changes[field.alias] = data.draw(values[field.kind])
        changes |= data.draw(st.sampled_from([{}, NO_MINUTES]))
        customer_id = data.draw(st.sampled_from(["", "C-1", '"a\\b', "=1+1", "Zo\u00eb", "a,b"]))
        rows.append(a_row(**changes, customerId=customer_id))
    assert_same_as_predict(rows)


def test_results_are_a_file_that_gives_the_same_scores_again():
    rows = [
        {**as_text(each), "note": note}
        for each, note in zip(
            simulated_customers(6, seed=1, id_prefix="="),
            ["=1+1", "'=x", "-5.2", 'a "b", c', "line\r\nend", "@x"],
            strict=True,
        )
    ]
    told = {"segmenter": SEGMENTER, "explain": numbered_reasons()}
    first = read_file(a_file(*rows, names=(*NAMES, "note")).encode(), **told)
    second = read_file(first.results, **told)
    assert second.plan == first.plan
    assert second.stored == first.stored
    again = rows_of(second.results)
    for row in again:
        assert {name: row[f"telelink_{name}"] for name in ANSWER_COLUMNS} == {
            name: row[name] for name in ANSWER_COLUMNS
        }
        assert bool(row["telelink_reasons"]) == bool(row["reasons"]) == (row["churn_risk"] != "Low")
    assert [row["note"] for row in again] == [row["note"] for row in rows_of(first.results)]


def numbered_reasons():
    """Explain rows by a number and their day calls; keeps how many it was asked for at a time."""
    asked = []

    def explain(columns, model):
        asked.append((model.field_set, columns["total_day_calls"].size))
        return [f"=+{calls:.0f}, {model.field_set}" for calls in columns["total_day_calls"]]

    explain.asked = asked
    return explain


def test_reasons_are_told_for_the_right_rows_and_only_above_the_lowest_tier():
    risky = {"internationalPlan": "yes", "totalIntlCalls": "1"}
    rows = [
        a_row(totalDayCalls="1"),
        a_row(totalDayCalls="2", **risky),
        a_row(totalDayCalls="3", state=""),
        a_row(totalDayCalls="4", **{**risky, **NO_MINUTES}),
        a_row(totalDayCalls="5", accountLength="600", **risky),  # with a warning in the same row
        a_row(totalDayCalls="6", **NO_MINUTES),
    ]
    explain = numbered_reasons()
    read = read_file(a_file(*rows).encode(), explain=explain)
    results = rows_of(read.results)
    assert [(row["totalDayCalls"], row["churn_risk"], row["reasons"]) for row in results] == [
        ("1", "Low", ""),
        ("2", "High", "'=+2, usage"),
        ("4", "High", "'=+4, core"),
        ("5", "High", "'=+5, usage"),
        ("6", "Low", ""),
    ]
    assert "outside what the model has seen" in results[3]["warnings"]
    assert sorted(explain.asked) == [("core", 1), ("usage", 2)]
    assert (read.scored, read.rejected) == (5, 1)


def test_reasons_that_nobody_asked_for_are_neither_made_nor_a_column():
    read = read_file(a_file(a_row(internationalPlan="yes", totalIntlCalls="1")).encode())
    assert "reasons" not in rows_of(read.results)[0]


def test_without_segments_the_cells_are_empty_and_rows_are_stored_as_unassigned():
    read = read_file(a_file(a_row(), a_row(accountLength="600")).encode())
    assert [(row["segment"], row["persona"]) for row in rows_of(read.results)] == [("", "")] * 2
    assert read.stored["segment"] == [UNASSIGNED] * 2
    assert [full_answer({**row_of(read, place), "id": "x"})["segment"] for place in range(2)] == [None, None]


def test_a_plan_without_segments_differs_by_their_two_columns_only():
    rows = [a_row(), a_row(accountLength="600", internationalPlan="yes", totalIntlCalls="1"), a_row(**NO_MINUTES)]
    told = {"segmenter": SEGMENTER, "explain": numbered_reasons()}
    wide, narrow = (read_file(a_file(*rows).encode(), with_segments=given, **told) for given in (True, False))
    expected = [
        {name: cell for name, cell in row.items() if name not in ("segment", "persona")}
        for row in rows_of(wide.results)
    ]
    assert rows_of(narrow.results) == expected
    assert expected[1]["warnings"]
    assert expected[1]["reasons"]
    assert narrow.stored == wide.stored


def row_of(read, place):
    return {name: values[place] for name, values in read.stored.items()}


def test_counts():
    rows = [
        a_row(),
        a_row(customerId=""),
        a_row(totalDayMinutes="5000"),
        a_row(state="", accountLength=""),
        a_row(state=""),
    ]
    read = read_file(a_file(*rows).encode())
    assert (read.scored, read.rejected) == (3, 2)
    assert read.rejections == {
        ("accountLength", "missing", "Enter the account length"): 1,
        ("state", "missing", "Enter the state"): 2,
    }
    assert read.stored["customer_id"] == ["C-1", None, "C-1"]


def test_what_another_process_needs_can_be_sent():
    read = read_file(a_file(a_row(), a_row(state="")).encode())
    assert pickle.loads(pickle.dumps((read.dialect, read.plan))) == (read.dialect, read.plan)
