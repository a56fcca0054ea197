"""The routes for logs: what is taken in, what is refused, what is shown before, meanwhile and afterwards."""

import json
from collections.abc import Mapping
from typing import Any, get_args

import pytest
from starlette.testclient import TestClient

from app.batch.event_schemas import LOG_MAPPING_SCHEMA, AdapterName
from app.batch.job_files import ERRORS, UPLOAD
from app.events.adapters import ADAPTERS
from tests.app.batch.event_logs import an_event, csv_log, json_lines, many_events, read_here
from tests.app.batch.job_requests import bench_of, cancel, nothing_is_left, queued, without_worker
from tests.app.batch.job_requests import send as send_customers
from tests.app.batch.job_running import records
from tests.app.web.test_problems import check_problem

NDJSON, CSV = {"Content-Type": "application/x-ndjson"}, {"Content-Type": "text/csv"}
MANY = json_lines([*many_events(30), "no event", an_event(0, "zoe", "z", kind="karaoke")])
MUSIC = {"userId": 8, "sessionId": 139, "itemInSession": 0, "ts": 1541106106796, "page": "NextSong", "length": 246.3,
         "artist": "Des'ree", "song": "You Gotta Be", "level": "free", "auth": "Logged In"}  # fmt: skip
OWN = {"columns": {"ts": "when", "user_id": "who", "kind": "what"}, "ts_unit": "s", "kinds": {"watch": "play"}}
OWN_LOG = json_lines([{"when": 1_772_359_200 + place, "who": "ann", "what": "watch"} for place in range(3)])


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    woken = without_worker(monkeypatch)
    read_here(monkeypatch)
    return woken


def send(client: TestClient, content: Any = MANY, status: int = 201, key: str | None = None, **query: str) -> Any:
    """Start a job over a log, or be refused."""
    headers = {**NDJSON, "Idempotency-Key": key} if key else NDJSON
    answer = client.post("/batch/event-jobs", content=content, headers=headers, params=query)
    assert answer.status_code == status, answer.text
    return answer


def preview(client: TestClient, content: bytes, status: int = 200, **query: Any) -> Any:
    """Look at a log, or be refused."""
    answer = client.post("/batch/event-preview", content=content, headers=NDJSON, params=query)
    assert answer.status_code == status, answer.text
    return answer if status != 200 else answer.json()


def test_a_log_is_taken_in_and_its_job_waits(client: TestClient, woken: list[None]) -> None:
    answer = send(client, file_name="March.jsonl")
    job = answer.json()
    assert job == client.get(answer.headers["location"]).json()
    assert (job["kind"], job["file_name"], job["state"], job["rows_known"]) == ("events", "March.jsonl", "queued", 32)
    assert job["mapping"] == {name: name for name in job["mapping"]}
    assert job["events"] == {
        "accepted": 0, "duplicates": 0, "identified": None, "unidentified": [], "unknown_kinds": [], "users": None,
    }  # fmt: skip
    assert bench_of(client).path(job["id"], UPLOAD).read_bytes() == MANY
    assert (queued(client), len(woken)) == ([job["id"]], 1)


def test_a_job_says_what_became_of_every_line(client: TestClient) -> None:
    address = send(client, file_name="a.jsonl").headers["location"]
    bench_of(client).take_over(address.rpartition("/")[2]).run()
    job = client.get(address).json()
    assert (job["state"], job["rows_done"], job["rows_rejected"], job["rows_scored"]) == ("done", 32, 1, 0)
    assert job["events"] == {
        "accepted": 31,
        "duplicates": 0,
        "identified": 3,
        "unidentified": [],
        "unknown_kinds": [{"kind": "karaoke", "events": 1}],
        "users": 2,
    }
    assert job["rejections"] == [{"field": "", "code": "not_json", "message": "The line is not JSON", "rows": 1}]
    assert (job["results_ready"], job["errors_ready"]) == (False, True)
    errors = client.get(f"{address}/{ERRORS}")
    assert 'filename="a-errors.csv"' in errors.headers["content-disposition"]
    assert [row["telelink_line"] for row in records(errors.content)] == ["31"]
    problem = check_problem(client.get(f"{address}/results.csv"), 404, "not_found")
    assert problem["detail"].startswith("A log has no results file")


def test_events_without_a_user_are_told_with_the_reason(client: TestClient) -> None:
    address = send(client, json_lines([an_event(0, None), an_event(1, None, None)])).headers["location"]
    bench_of(client).take_over(address.rpartition("/")[2]).run()
    told = client.get(address).json()["events"]["unidentified"]
    assert {(each["reason"], each["events"]) for each in told} == {("session_without_user", 1), ("no_session", 1)}
    assert all(each["message"].endswith(".") for each in told)


def test_both_kinds_of_jobs_are_in_one_list(client: TestClient) -> None:
    send(client)
    send_customers(client)
    jobs = client.get("/batch/jobs").json()["jobs"]
    assert [(job["kind"], job["events"] is None) for job in jobs] == [("customers", True), ("events", False)]


def test_the_same_request_with_the_same_key_is_one_job(client: TestClient) -> None:
    first, again = send(client, key="k-1").json(), send(client, key="k-1").json()
    assert first["id"] == again["id"]
    check_problem(send(client, OWN_LOG.replace(b"when", b"ts").replace(b"what", b"kind"), 409, "k-1"), 409,
                  "idempotency_key_reused")  # fmt: skip
    check_problem(send(client, MANY, 409, "k-1", adapter="canonical"), 409, "idempotency_key_reused")
    assert len(client.get("/batch/jobs").json()["jobs"]) == 1


def test_a_waiting_job_can_be_cancelled(client: TestClient) -> None:
    job = send(client).json()
    assert cancel(client, job["id"]).json()["state"] == "cancelled"
    assert not bench_of(client).path(job["id"], UPLOAD).exists()


def test_a_csv_log_is_taken_in_too(client: TestClient) -> None:
    answer = client.post("/batch/event-jobs", content=csv_log(many_events(20)), headers=CSV)
    bench_of(client).take_over(answer.json()["id"]).run()
    assert client.get(answer.headers["location"]).json()["events"]["accepted"] == 20


def test_a_mapping_says_what_the_columns_hold(client: TestClient) -> None:
    mapping_id = client.post("/batch/event-mappings", json=OWN).json()["id"]
    job = send(client, OWN_LOG, mapping=mapping_id).json()
    assert job["mapping"] == {"ts": "when", "user_id": "who", "kind": "what"}
    bench_of(client).take_over(job["id"]).run()
    told = client.get(f"/batch/jobs/{job['id']}").json()["events"]
    assert (told["accepted"], told["users"], told["unknown_kinds"]) == (3, 1, [])


def test_a_mapping_is_for_one_kind_of_file(client: TestClient) -> None:
    mapping_id = client.post("/batch/event-mappings", json=OWN).json()["id"]
    check_problem(send_customers(client, status=422, mapping_id=mapping_id), 422, "invalid_request")
    problem = check_problem(send(client, OWN_LOG, 422, mapping="0199f000-0000-7000-8000-00000000dead"), 422,
                            "invalid_request")  # fmt: skip
    assert "POST /batch/event-mappings" in problem["errors"][0]["message"]


MAPPINGS: dict[str, tuple[Any, set[str]]] = {
    "no object": ([], {"columns"}),
    "no columns": ({}, {"columns"}),
    "no time": ({"columns": {"kind": "k"}}, {"columns.ts"}),
    "no kind": ({"columns": {"ts": "t"}}, {"columns.kind"}),
    "a kind twice": ({"columns": {"ts": "t", "kind": "k"}, "kind": "play"}, {"kind"}),
    "an unknown field": ({"columns": {"ts": "t", "state": "s"}, "kind": "play"}, {"columns"}),
    "an unknown kind": ({"columns": {"ts": "t", "kind": "k"}, "kinds": {"a": "dance"}}, {"kinds.a"}),
    "no kind at all": ({"columns": {"ts": "t", "kind": "k"}, "kind": ""}, {"kind"}),
    "too many words": (
        {"columns": {"ts": "t", "kind": "k"}, "kinds": {f"w{n}": "play" for n in range(1_001)}},
        {"kinds"},
    ),
    "an unknown part": ({"columns": {"ts": "t"}, "kind": "play", "tz": "UTC"}, {"tz"}),
    "an unknown unit": ({"columns": {"ts": "t"}, "kind": "play", "ts_unit": "days"}, {"ts_unit"}),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_mapping_that_cannot_be_used_is_refused_field_by_field(client: TestClient, name: str) -> None:
    mapping, fields = MAPPINGS[name]
    problem = check_problem(client.post("/batch/event-mappings", json=mapping), 422, "invalid_request")
    assert {each["field"] for each in problem["errors"]} == fields
    if len(json.dumps(mapping)) < 1_000:  # it has to fit into an address
        tried = preview(client, OWN_LOG, 422, mapping=json.dumps(mapping))
        assert check_problem(tried, 422, "invalid_request")["errors"] == problem["errors"]


REFUSED: dict[str, tuple[bytes, Mapping[str, str], str, int, str]] = {
    "no media type": (MANY, {}, "", 415, "unsupported_media_type"),
    "JSON": (MANY, {"Content-Type": "application/json"}, "", 415, "unsupported_media_type"),
    "compressed": (MANY, {**NDJSON, "Content-Encoding": "gzip"}, "", 415, "unsupported_media_type"),
    "empty": (b"", NDJSON, "", 422, "not_an_event_file"),
    "a workbook": (b"PK\x03\x04[Content_Types].xml", CSV, "", 422, "not_an_event_file"),
    "an array": (b"[{}]", NDJSON, "", 422, "not_an_event_file"),
    "columns of nobody's": (OWN_LOG, NDJSON, "", 422, "invalid_request"),
    "columns of another log": (MANY, NDJSON, "adapter=music", 422, "invalid_request"),
    "an unknown adapter": (MANY, NDJSON, "adapter=spotify", 422, "invalid_request"),
    "an empty key": (MANY, {**NDJSON, "Idempotency-Key": ""}, "", 422, "invalid_request"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_has_the_one_shape_and_leaves_nothing(client: TestClient, name: str) -> None:
    content, headers, query, status, code = REFUSED[name]
    check_problem(client.post(f"/batch/event-jobs?{query}", content=content, headers=headers), status, code)
    assert nothing_is_left(client)


def test_a_preview_says_how_a_known_log_is_read(client: TestClient) -> None:
    found = preview(client, json_lines([MUSIC, {**MUSIC, "page": "Dance Off", "itemInSession": 1}, "x"]))
    assert (found["format"], found["adapter"], found["suggested"]) == ("jsonl", "music", True)
    by_name = {each["name"]: each for each in found["columns"]}
    assert by_name["song"] == {"name": "song", "samples": ["You Gotta Be"] * 2, "field": "item_id"}
    assert (by_name["auth"]["field"], found["unmapped"]) == (None, ["auth"])
    assert {each["field"]: each["column"] for each in found["fields"]}["item_id"] == "artist + song"
    assert found["kinds"] == [
        {"source": "NextSong", "kind": "play", "rows": 1},
        {"source": "Dance Off", "kind": None, "rows": 1},
    ]
    assert (found["rows_estimate"], found["rows_exact"]) == (3, True)
    assert found["trial"] == {
        "rows": 3,
        "accepted": 2,
        "rejections": [{"field": "", "code": "not_json", "message": "The line is not JSON", "rows": 1}],
    }
    assert nothing_is_left(client)


def test_a_preview_of_an_unknown_log_names_its_columns_and_tries_a_mapping(client: TestClient) -> None:
    found = preview(client, OWN_LOG)
    assert (found["adapter"], found["suggested"], found["trial"]) == (None, False, None)
    assert [each["name"] for each in found["columns"]] == ["when", "who", "what"]
    tried = preview(client, OWN_LOG, mapping=json.dumps(OWN))
    assert (tried["trial"]["accepted"], tried["missing"], tried["adapter"]) == (3, [], None)
    absent = {"columns": {"ts": "time"}, "kind": "play"}
    assert preview(client, OWN_LOG, mapping=json.dumps(absent))["missing"] == ["time"]


def test_columns_that_are_called_as_our_fields_are_suggested(client: TestClient) -> None:
    found = preview(client, csv_log([{"UserID": "ann", "TS": "1", "what": "x"}], ["UserID", "TS", "what"]))
    assert {each["name"]: each["field"] for each in found["columns"]} == {"UserID": "user_id", "TS": "ts", "what": None}


def test_a_preview_of_the_first_part_estimates_the_rest(client: TestClient) -> None:
    content = json_lines(many_events(3_000))
    found = preview(client, content[: 256 * 1024], file_bytes=len(content))
    assert (found["rows_exact"], abs(found["rows_estimate"] - 3_000) < 60) == (False, True)
    assert found["trial"]["rejections"] == []
    unread = preview(client, content[: 256 * 1024], file_bytes=len(content), adapter="music")
    assert (unread["trial"], abs(unread["rows_estimate"] - 3_000) < 60) == (None, True)


@pytest.mark.parametrize("query", [{"mapping": "{"}, {"mapping": "NaN"}, {"adapter": "x"}, {"file_bytes": -1}])
def test_a_preview_is_asked_for_properly(client: TestClient, query: dict[str, Any]) -> None:
    check_problem(preview(client, MANY, 422, **query), 422, "invalid_request")


def test_the_adapters_are_those_there_are() -> None:
    assert set(get_args(AdapterName)) == {"auto", *ADAPTERS}


def test_the_documented_mapping_is_one(client: TestClient) -> None:
    (example,) = LOG_MAPPING_SCHEMA["examples"]
    assert client.post("/batch/event-mappings", json=example).status_code == 201
