"""The routes of a job: what is taken in, what is refused, what is shown and what can be downloaded."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

import pytest
from starlette.testclient import TestClient

from app.batch import intake, store
from app.batch.job_files import ERRORS, RESULTS, UPLOAD
from app.telecom.features import FIELDS
from tests.app.batch.job_requests import (
    CSV,
    MANY,
    bench_of,
    cancel,
    folders,
    nothing_is_left,
    queued,
    send,
    without_worker,
)
from tests.app.batch.job_running import VERSIONS, Bench, records
from tests.app.web.test_problems import check_problem
from tests.factories import a_csv_file, a_customer, many_customers

FIELD_MAP = {field.alias: field.alias for field in FIELDS}
NOBODY = "0199f000-0000-7000-8000-00000000dead"


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    return without_worker(monkeypatch)


@pytest.fixture
def bench(client: TestClient) -> Bench:
    return bench_of(client)


def test_a_file_is_taken_in_and_its_job_waits(client: TestClient, woken: list[None]) -> None:
    answer = send(client, file_name="March customers.csv")
    job = answer.json()
    assert answer.headers["location"] == f"/batch/jobs/{job['id']}"
    assert job == client.get(answer.headers["location"]).json()
    assert job == {
        **job,
        "file_name": "March customers.csv",
        "file_bytes": len(MANY),
        "state": "queued",
        "rows_known": 30,
        "rows_exact": False,
        "rows_done": 0,
        "mapping": {"customerId": "customerId", **FIELD_MAP},
        "ignored_columns": [],
        "reasons": False,
        "models": list(VERSIONS),
        "results_ready": False,
    }
    assert bench_of(client).path(job["id"], UPLOAD).read_bytes() == MANY
    assert (queued(client), len(woken)) == ([job["id"]], 1)


def test_a_job_runs_and_its_files_can_be_downloaded(client: TestClient, bench: Bench) -> None:
    wrong = [*many_customers(20), a_customer(state="XX")]
    job = send(client, a_csv_file(wrong)).json()
    bench.take_over(job["id"]).run()
    done = client.get(f"/batch/jobs/{job['id']}").json()
    assert (done["state"], done["rows_scored"], done["rows_rejected"]) == ("done", 20, 1)
    assert (done["rows_known"], done["rows_exact"], done["results_ready"], done["errors_ready"]) == (
        21,
        True,
        True,
        True,
    )
    assert done["rejections"] == [
        {
            "field": "state",
            "code": "not_in_vocabulary",
            "message": "State must be a two-letter US state or DC",
            "rows": 1,
        }
    ]
    assert sum(done["tiers"].values()) == 20
    for name, rows in ((RESULTS, 20), (ERRORS, 1)):
        answer = client.get(f"/batch/jobs/{job['id']}/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.content == bench.path(job["id"], name).read_bytes()
        assert len(records(answer.content)) == rows
        assert client.head(f"/batch/jobs/{job['id']}/{name}").status_code == 200
    assert client.get("/stats").json()["total_customers"] == 20


def test_reasons_are_asked_for_with_the_file_and_kept_with_the_job(client: TestClient, bench: Bench) -> None:
    job = send(client, reasons="true").json()
    assert job["reasons"] is True
    assert client.get("/batch/jobs").json()["jobs"][0]["reasons"] is True
    assert intake.as_resolved(json.loads(bench.row(job["id"]).mapping))[1].with_reasons
    bench.take_over(job["id"]).run()
    header = client.get(f"/batch/jobs/{job['id']}/{RESULTS}").text.partition("\r\n")[0]
    assert header.endswith(",reasons")
    plain = send(client, reasons="false").json()
    assert plain["reasons"] is False
    check_problem(send(client, status=422, reasons="perhaps"), 422, "invalid_request")


def test_jobs_are_listed_newest_first_page_by_page(client: TestClient) -> None:
    ids = [send(client).json()["id"] for _ in range(3)]
    first = client.get("/batch/jobs", params={"limit": 2}).json()
    assert [job["id"] for job in first["jobs"]] == [ids[2], ids[1]]
    second = client.get("/batch/jobs", params={"limit": 2, "cursor": first["next"]}).json()
    assert ([job["id"] for job in second["jobs"]], second["next"]) == ([ids[0]], None)
    assert client.get("/batch/jobs", params={"limit": 3}).json()["next"] is None


NAMES = {
    "customers.csv": "customers",
    "March 2026.csv": "March 2026",
    'say "when".csv': 'say "when"',
    "it's.csv": "it's",
    "Größe €.csv": "Größe €",
    "\u9867\u5ba2.csv": "\u9867\u5ba2",
    "../../etc/passwd": "passwd",
    "C:\\Users\\me\\list.csv": "list",
    "a\r\nSet-Cookie: x=1.csv": "aSet-Cookie: x=1",
    "\0\x1b[31m.csv": "[31m",
    "\u202egnp.csv": "gnp",
    "; filename=evil.exe": "; filename=evil.exe",
    "100%.csv": "100%",
    "a;b,c.csv": "a;b,c",
    "no suffix": "no suffix",
    "": "customers",
    "///": "customers",
    " \t ": "customers",
    "x" * 255: "x" * 255,
}


@pytest.mark.parametrize("name", NAMES)
def test_an_odd_file_name_is_shown_and_offered_and_never_a_path(client: TestClient, bench: Bench, name: str) -> None:
    job = send(client, a_csv_file(many_customers(1)), file_name=name).json()
    assert job["file_name"].removesuffix(".csv") == NAMES[name]
    bench.take_over(job["id"]).run()
    answer = client.get(f"/batch/jobs/{job['id']}/results.csv")
    disposition = answer.headers["content-disposition"]
    wanted = f"{NAMES[name]}-results.csv"
    assert disposition in (f'attachment; filename="{wanted}"', f"attachment; filename*=utf-8''{quote(wanted)}")
    assert unquote(disposition.rpartition("''")[2]) in (wanted, disposition)
    assert "set-cookie" not in answer.headers
    assert folders(client) == {job["id"]}


def without(*names: str) -> bytes:
    return a_csv_file(many_customers(3), [field.alias for field in FIELDS if field.alias not in names])


REFUSED: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "no media type": ("/batch/jobs", {"content": MANY}, 415, "unsupported_media_type"),
    "another media type": ("/batch/jobs", {"content": MANY, "headers": {"Content-Type": "application/json"}}, 415,
                           "unsupported_media_type"),
    "compressed": ("/batch/jobs", {"content": MANY, "headers": {**CSV, "Content-Encoding": "gzip"}}, 415,
                   "unsupported_media_type"),
    "empty": ("/batch/jobs", {"content": b"", "headers": CSV}, 422, "not_a_csv_file"),
    "a workbook": ("/batch/jobs", {"content": b"PK\x03\x04[Content_Types].xml", "headers": CSV}, 422,
                   "not_a_csv_file"),
    "a missing field": ("/batch/jobs", {"content": without("state"), "headers": CSV}, 422, "invalid_request"),
    "half of the minutes": ("/batch/jobs", {"content": without("totalDayMinutes"), "headers": CSV}, 422,
                            "invalid_request"),
    "an unknown mapping": (f"/batch/jobs?mapping_id={NOBODY}", {"content": MANY, "headers": CSV}, 422,
                           "invalid_request"),
    "an empty key": ("/batch/jobs", {"content": MANY, "headers": {**CSV, "Idempotency-Key": ""}}, 422,
                     "invalid_request"),
    "a key with a space": ("/batch/jobs", {"content": MANY, "headers": {**CSV, "Idempotency-Key": "a b"}}, 422,
                           "invalid_request"),
    "a long name": (f"/batch/jobs?file_name={'x' * 256}", {"content": MANY, "headers": CSV}, 422, "invalid_request"),
    "an unknown job's cancelling": (f"/batch/jobs/{NOBODY}/cancel", {}, 404, "job_not_found"),
    "a mapping of another type": ("/batch/mappings", {"content": b"{}"}, 415, "unsupported_media_type"),
    "a mapping that is no JSON": ("/batch/mappings", {"content": b"{", "headers": {"Content-Type": "application/json"}},
                                  400, "malformed_json"),
    "a mapping without columns": ("/batch/mappings", {"json": {}}, 422, "invalid_request"),
    "a huge mapping": ("/batch/mappings", {"json": {"columns": {"state": "x" * 70_000}}}, 413, "body_too_large"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_has_the_one_shape_and_leaves_nothing(client: TestClient, kind: str) -> None:
    path, options, status, code = REFUSED[kind]
    problem = check_problem(client.post(path, **options), status, code)
    assert (problem["errors"] != []) == (code == "invalid_request")
    assert nothing_is_left(client)


@pytest.mark.parametrize("rest", ["", "/results.csv", "/errors.csv"])
@pytest.mark.parametrize(("job_id", "status", "code"), [(NOBODY, 404, "job_not_found"), ("x", 422, "invalid_request")])
def test_a_job_that_is_not_there(client: TestClient, rest: str, job_id: str, status: int, code: str) -> None:
    check_problem(client.get(f"/batch/jobs/{job_id}{rest}"), status, code)


def test_a_refused_method_is_told_all_that_are_answered(client: TestClient) -> None:
    assert client.put("/batch/jobs").headers["allow"] == "GET, POST"
    assert client.get(f"/batch/jobs/{NOBODY}/cancel").headers["allow"] == "POST"


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "limit=101", "limit=many"])
def test_a_list_is_asked_for_properly(client: TestClient, query: str) -> None:
    check_problem(client.get(f"/batch/jobs?{query}"), 422, "invalid_request")


def test_an_uncertain_file_is_told_which_fields_to_map(client: TestClient) -> None:
    problem = check_problem(send(client, without("state"), 422), 422, "invalid_request")
    assert problem["detail"] == "The columns of this file need a mapping: see POST /batch/mappings."
    assert [(each["field"], each["code"], each["message"]) for each in problem["errors"]] == [
        ("state", "missing", "Name the column that holds the state in a mapping")
    ]


def test_a_confirmed_mapping_is_used(client: TestClient, bench: Bench) -> None:
    columns = [*FIELD_MAP, "home", "Churn"]
    content = a_csv_file([{**one, "home": "OH", "Churn": "no"} for one in many_customers(3)], columns)
    wanted = {"columns": {**FIELD_MAP, "state": "home"}, "encoding": None, "delimiter": ",", "has_header": True}
    answer = client.post("/batch/mappings", json=wanted)
    assert answer.status_code == 201
    assert answer.json() == {"id": answer.json()["id"], **wanted}
    job = send(client, content, mapping_id=answer.json()["id"]).json()
    assert (job["mapping"]["state"], job["ignored_columns"]) == ("home", ["state", "Churn"])
    bench.take_over(job["id"]).run()
    assert {json.loads(row["profile"])["state"] for row in bench.predictions()} == {"OH"}
    assert client.get(f"/batch/jobs/{job['id']}").json()["rows_without_customer_id"] == 3


def test_a_mapping_that_does_not_fit_the_file_is_refused(client: TestClient) -> None:
    mapping = client.post("/batch/mappings", json={"columns": {**FIELD_MAP, "state": "home"}}).json()
    problem = check_problem(send(client, MANY, 422, mapping_id=mapping["id"]), 422, "invalid_request")
    assert [(each["field"], each["code"]) for each in problem["errors"]] == [("state", "no_such_column")]
    assert nothing_is_left(client)


def test_a_waiting_job_is_cancelled_at_once_and_its_upload_removed(client: TestClient, bench: Bench) -> None:
    job = send(client).json()
    cancelled = cancel(client, job["id"]).json()
    assert (cancelled["state"], cancelled["results_ready"]) == ("cancelled", False)
    assert cancelled["finished_at"] is not None
    assert not bench.path(job["id"], UPLOAD).exists()
    check_problem(client.get(f"/batch/jobs/{job['id']}/results.csv"), 404, "not_found")
    check_problem(cancel(client, job["id"], 409), 409, "job_finished")
    with bench.engine.begin() as connection:
        assert store.take_over(connection, job["id"], "2026-11-21") is None


def test_a_running_job_is_asked_to_stop_and_keeps_its_files_until_it_has(client: TestClient, bench: Bench) -> None:
    job = send(client).json()
    run = bench.take_over(job["id"])
    assert cancel(client, job["id"]).json()["state"] == "running"
    check_problem(client.get(f"/batch/jobs/{job['id']}/results.csv"), 409, "job_not_finished")
    assert bench.path(job["id"], UPLOAD).exists()
    with suppress(Exception):
        run.run()
    assert client.get(f"/batch/jobs/{job['id']}").json()["state"] == "cancelled"


@pytest.mark.parametrize("state", ["queued", "running", "interrupted"])
def test_files_are_not_given_while_a_job_is_at_work(client: TestClient, bench: Bench, state: str) -> None:
    job_id = bench.job(MANY, state=state)
    for name in (RESULTS, ERRORS):
        check_problem(client.get(f"/batch/jobs/{job_id}/{name}"), 409, "job_not_finished")


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_rows_that_were_never_stored_are_not_given(client: TestClient, bench: Bench, state: str) -> None:
    job_id = bench.job(MANY, state=state, results_bytes=10, errors_bytes=8)
    bench.path(job_id, RESULTS).write_bytes(b"a,b\r\n1,2\r\nnot sto")
    bench.path(job_id, ERRORS).write_bytes(b"a,line\r\n")
    assert client.get(f"/batch/jobs/{job_id}/results.csv").content == b"a,b\r\n1,2\r\n"
    assert client.get(f"/batch/jobs/{job_id}/errors.csv").content == b"a,line\r\n"


def test_an_interrupted_job_that_is_cancelled_keeps_only_what_was_stored(client: TestClient, bench: Bench) -> None:
    job_id = bench.job(MANY, state="interrupted", results_bytes=10)
    bench.path(job_id, RESULTS).write_bytes(b"a,b\r\n1,2\r\nnot sto")
    cancel(client, job_id)
    assert bench.path(job_id, RESULTS).read_bytes() == b"a,b\r\n1,2\r\n"
