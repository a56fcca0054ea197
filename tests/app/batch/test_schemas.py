"""What is said over the wire: mappings in the form's words, and a job as its row stands."""

import json
from collections import Counter, namedtuple
from typing import Any

import pytest

from app.batch.progress import REJECTIONS_LISTED, STATES, UNFINISHED, Counts
from app.batch.schemas import Job, as_job, read_mapping, read_trial_mapping
from app.batch.validation import Problem
from app.errors import InvalidRequest
from app.telecom.features import CORE_FIELDS, FIELDS, MINUTE_FIELDS
from tests.factories import a_job

CLASSIC = {field.alias: field.column for field in FIELDS}
CORE = {field.alias: field.column for field in CORE_FIELDS}
STATE, AREA = CLASSIC["state"], CLASSIC["areaCode"]


@pytest.mark.parametrize(
    "raw",
    [
        {"columns": CLASSIC},
        {"columns": CORE},
        {"columns": {**CLASSIC, "customerId": "Phone"}},
        {"columns": CORE, "encoding": "utf-16", "delimiter": "\t", "has_header": False},
        {"columns": CORE, "encoding": None, "delimiter": None, "has_header": None},
    ],
)
def test_a_mapping_is_kept_as_it_was_sent(raw: dict[str, Any]) -> None:
    assert read_mapping(raw).model_dump(exclude_unset=True) == raw


REFUSED: dict[str, tuple[Any, list[tuple[str, str, str]]]] = {
    "nothing": (None, [("", "model_type", "Send the mapping as a JSON object")]),
    "a list": ([CLASSIC], [("", "model_type", "Send the mapping as a JSON object")]),
    "no columns": ({}, [("columns", "missing", "Name a column for each field, as text")]),
    "columns by place": ({"columns": {**CLASSIC, "state": 1}},
                         [("columns", "string_type", "Name a column for each field, as text")]),
    "another encoding": ({"columns": CLASSIC, "encoding": "ebcdic"},
                         [("encoding", "literal_error", "Choose utf-8, utf-16 or windows-1252, or leave it out")]),
    "another delimiter": ({"columns": CLASSIC, "delimiter": "x"},
                          [("delimiter", "literal_error",
                            "Choose the comma, the semicolon, the tab or the bar, or leave it out")]),
    "no truth value": ({"columns": CLASSIC, "has_header": "perhaps"},
                       [("has_header", "bool_type", "Send true or false, or leave it out")]),
    "something else": ({"columns": CLASSIC, "sheet": 1},
                       [("sheet", "extra_forbidden", "This is not a part of a mapping: remove it")]),
    "an unknown field": ({"columns": {**CLASSIC, "nickname": "Name"}},
                         [("nickname", "unknown_field", "This is not a field of a customer: remove it")]),
    "a field that is no name": ({"columns": {**CLASSIC, "<script>": "Name"}},
                                [("", "unknown_field", "This is not a field of a customer: remove it")]),
    "a very long field": ({"columns": {**CLASSIC, "x" * 65: "Name"}},
                          [("", "unknown_field", "This is not a field of a customer: remove it")]),
    "a column twice": ({"columns": {**CLASSIC, "state": AREA}},
                       [("state", "column_used_twice", "Choose a column that feeds no other field"),
                        ("areaCode", "column_used_twice", "Choose a column that feeds no other field")]),
    "a required field": ({"columns": {name: column for name, column in CLASSIC.items() if name != "state"}},
                         [("state", "missing", "Choose the column that holds the state")]),
    "one of the minutes": ({"columns": {name: column for name, column in CLASSIC.items()
                                        if name != MINUTE_FIELDS[0].alias}},
                           [(MINUTE_FIELDS[0].alias, "missing",
                             f"Choose the column that holds the {MINUTE_FIELDS[0].mid_sentence}")]),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_mapping_is_refused_in_words_that_say_what_to_do(kind: str) -> None:
    raw, expected = REFUSED[kind]
    with pytest.raises(InvalidRequest) as refused:
        read_mapping(raw)
    assert [(problem.field, problem.code, problem.message) for problem in refused.value.problems] == expected


def test_a_list_of_problems_is_bounded() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_mapping({**dict.fromkeys(map(str, range(500)))})
    assert len(refused.value.problems) == 100


def test_a_mapping_to_try_is_an_object_of_our_fields() -> None:
    assert read_trial_mapping(None) is None
    assert read_trial_mapping("{}") == {}
    assert read_trial_mapping('{"state": "Where"}') == {"state": "Where"}
    for text in ("", "state", "[]", "null", '{"state": 1}', '{"nickname": "x"}', '{"": ""}', '{"state": ' * 1_000):
        with pytest.raises(InvalidRequest) as refused:
            read_trial_mapping(text)
        assert [problem.message for problem in refused.value.problems] == [
            "Send a JSON object that names a column for each field"
        ]


def shown(counts: Counts | None = None, **changes: Any) -> Job:
    row = {"reason": None, "started_at": None, "finished_at": None, **a_job(**changes)}
    row["counts"] = (counts or Counts()).to_json()
    return as_job(namedtuple("Row", row)(**row))  # type: ignore[arg-type, misc]


def test_a_job_is_shown_as_its_row_stands() -> None:
    counts = Counts(90, 10, 1, 2, 3, 4, Counter(High=90), Counter({Problem("state", "missing", "Enter the state"): 10}))
    told = {**json.loads(a_job()["mapping"]), "fields": {"state": STATE}, "ignored": ["Churn"]}
    job = shown(
        counts,
        state="running",
        rows_known=1_000,
        rows_done=100,
        active_seconds=4.0,
        mapping=json.dumps(told),
        models='["telecom-usage/1"]',
    )
    assert job.model_dump(include={"rows_known", "rows_done", "rows_scored", "rows_rejected", "blank_lines",
                                   "duplicate_rows", "rows_without_customer_id", "rows_with_warnings"}) == {
        "rows_known": 1_000, "rows_done": 100, "rows_scored": 90, "rows_rejected": 10, "blank_lines": 1,
        "duplicate_rows": 2, "rows_without_customer_id": 3, "rows_with_warnings": 4,
    }  # fmt: skip
    assert (job.rows_per_second, job.seconds_left, job.rows_exact) == (25, 36, False)
    assert list(job.tiers.items()) == [("High", 90), ("Medium", 0), ("Low", 0)]
    assert [each.model_dump() for each in job.rejections] == [
        {"field": "state", "code": "missing", "message": "Enter the state", "rows": 10}
    ]
    assert (job.mapping, job.ignored_columns, job.models) == ({"state": STATE}, ["Churn"], ["telecom-usage/1"])


@pytest.mark.parametrize(("told", "reasons"), [({}, False), ({"reasons": False}, False), ({"reasons": True}, True)])
def test_a_job_says_whether_it_gives_reasons_also_one_of_before_there_were_any(
    told: dict[str, bool], reasons: bool
) -> None:
    plan = {name: value for name, value in json.loads(a_job()["mapping"]).items() if name != "reasons"}
    assert shown(mapping=json.dumps({**plan, **told})).reasons is reasons


def test_a_job_that_nobody_began_promises_nothing() -> None:
    job = shown()
    assert (job.state, job.rows_per_second, job.seconds_left, job.started_at) == ("queued", None, None, None)


@pytest.mark.parametrize("state", STATES)
def test_files_are_ready_when_a_job_has_ended_and_holds_some(state: str) -> None:
    counts = Counts(rejected=1)
    ready = [
        (job.results_ready, job.errors_ready)
        for results_bytes, errors_bytes in ((10, 10), (0, 0))
        for job in [shown(counts, state=state, results_bytes=results_bytes, errors_bytes=errors_bytes)]
    ]
    assert ready == [(state not in UNFINISHED, state not in UNFINISHED), (False, False)]
    assert not shown(Counts(scored=1), state=state, results_bytes=10, errors_bytes=10).errors_ready


@pytest.mark.parametrize("state", STATES)
def test_only_a_running_job_has_time_left_and_only_a_done_one_is_exact(state: str) -> None:
    job = shown(state=state, rows_known=100, rows_done=50, active_seconds=5.0)
    assert (job.seconds_left is not None) == (state == "running")
    assert job.rows_exact == (state == "done")
    assert job.rows_per_second == 10


def test_the_most_frequent_reasons_come_first_and_are_bounded() -> None:
    reasons = Counter({Problem("state", f"code {number}", "Enter it"): number for number in range(1, 80)})
    listed = [each.rows for each in shown(Counts(rejections=reasons)).rejections]
    assert listed == list(range(79, 79 - REJECTIONS_LISTED, -1))
