"""POST /batch/preview: the first part of a file in, what it seems to hold out, nothing stored."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.batch.detection import HEAD_BYTES
from app.telecom.features import FIELDS
from tests.app.batch.job_requests import CSV, MANY, nothing_is_left
from tests.app.web.test_problems import check_problem
from tests.factories import a_csv_file, many_customers

ALIASES = ["customerId", *(field.alias for field in FIELDS)]


def look(client: TestClient, head: bytes = MANY, status: int = 200, **query: Any) -> Any:
    answer = client.post("/batch/preview", content=head, headers=CSV, params=query)
    assert answer.status_code == status, answer.text
    return answer


def test_a_preview_is_the_documented_shape_and_stores_nothing(client: TestClient) -> None:
    told = look(client).json()
    assert told.keys() == {
        "encoding", "delimiter", "has_header", "columns", "fields", "missing", "unmapped", "rows_estimate",
        "rows_exact", "sample_rows", "trial",
    }  # fmt: skip
    assert told["columns"][2] == {"name": "state", "samples": ["KS"] * 5, "field": "state", "how": "name"}
    assert (told["rows_estimate"], told["rows_exact"]) == (30, True)
    assert told["trial"] == {"rows": 30, "scored": 30, "rejections": []}
    assert nothing_is_left(client)


@pytest.mark.parametrize("media_type", ["text/csv", "text/csv; charset=utf-8", "TEXT/CSV"])
def test_the_media_type_may_be_written_in_any_way(client: TestClient, media_type: str) -> None:
    answer = client.post("/batch/preview", content=MANY, headers={"Content-Type": media_type})
    assert answer.status_code == 200


def test_the_size_of_the_file_turns_the_count_into_an_estimate(client: TestClient) -> None:
    told = look(client, file_bytes=1_000 * len(MANY)).json()
    assert not told["rows_exact"]
    assert told["rows_estimate"] == pytest.approx(30_000, rel=0.15)


def test_what_is_known_and_a_mapping_can_be_tried(client: TestClient) -> None:
    content = a_csv_file(many_customers(3), ALIASES, delimiter=";")
    assert look(client, content, delimiter=",").json()["missing"] != []
    told = look(client, content, delimiter=";", encoding="windows-1252", has_header="true").json()
    assert (told["delimiter"], told["encoding"], told["missing"]) == (";", "windows-1252", [])
    told = look(client, mapping=json.dumps({"state": "areaCode"})).json()
    assert told["missing"] == [alias for alias in ALIASES[1:] if alias != "state" and "Minutes" not in alias]


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (b"", "The file is empty. Choose a file with a header and a row for each customer."),
        (b"PK\x03\x04...[Content_Types].xml", "This is an Excel workbook. Save it as CSV and choose that file."),
        (b"PK\x03\x04customers.csv", "This is a ZIP archive. Unpack it and choose the CSV file in it."),
        (b"\x1f\x8b\x08", "This file is compressed with gzip. Unpack it and choose the CSV file in it."),
        (b'{"state": "KS"}', "This is JSON. Save it as CSV and choose that file."),
        (b"\xff\xfe\0\0a\0\0\0", "This file is written in UTF-32. Save it as UTF-8 and choose that file."),
    ],
)
def test_a_wrong_file_is_refused_in_words_that_say_what_to_do(client: TestClient, head: bytes, sentence: str) -> None:
    problem = check_problem(look(client, head, 422), 422, "not_a_csv_file")
    assert (problem["detail"], problem["errors"]) == (sentence, [])


REFUSED: dict[str, tuple[bytes, dict[str, str], str, int, str]] = {
    "JSON": (b"{}", {"Content-Type": "application/json"}, "", 415, "unsupported_media_type"),
    "text": (MANY, {"Content-Type": "text/plain"}, "", 415, "unsupported_media_type"),
    "compressed": (MANY, {**CSV, "Content-Encoding": "gzip"}, "", 415, "unsupported_media_type"),
    "more than the first part": (b"x" * (4 * HEAD_BYTES + 1), CSV, "", 413, "body_too_large"),
    "a file larger than a job takes": (MANY, CSV, f"?file_bytes={501 << 20}", 413, "file_too_large"),
    "a negative size": (MANY, CSV, "?file_bytes=-1", 422, "invalid_request"),
    "another encoding": (MANY, CSV, "?encoding=ebcdic", 422, "invalid_request"),
    "another delimiter": (MANY, CSV, "?delimiter=x", 422, "invalid_request"),
    "a mapping that is no JSON": (MANY, CSV, "?mapping=state", 422, "invalid_request"),
    "a mapping of other fields": (MANY, CSV, '?mapping={"nickname":"state"}', 422, "invalid_request"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_has_the_one_shape(client: TestClient, kind: str) -> None:
    content, headers, query, status, code = REFUSED[kind]
    problem = check_problem(client.post(f"/batch/preview{query}", content=content, headers=headers), status, code)
    assert (problem["errors"] != []) == (status == 422)


@pytest.mark.parametrize(
    "head",
    [
        "\u00e9,\u00fc,\u00f6,".encode() + b"\xff," + MANY,
        b"\xff\xfe" + ("x\ud800," + MANY.decode()).encode("utf-16-le", "surrogatepass"),
        b'"never closed,' + MANY,
        b"\0,\0\n\0,\0\n",
        b",,,\n" * 50,
        b"a\n" + b"x" * (HEAD_BYTES + 5),
        ",".join(f"c{number}" for number in range(10_000)).encode() + b"\n",
        bytes(range(256)) * 64,
    ],
)
def test_any_bytes_are_answered(client: TestClient, head: bytes) -> None:
    answer = client.post("/batch/preview", content=head, headers=CSV)
    if answer.status_code != 200:
        check_problem(answer, 422, "not_a_csv_file")
