"""The loaders: two public spellings of one table become one frame, and nothing unreadable passes."""

import csv
import gzip
import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
import pytest

from app.telecom.features import DESIGN_COLUMNS, FIELDS, MINUTE_NAMES, US_STATES, USD_PER_MINUTE, design_matrix
from training.datasets import (
    OPENML_DATA_ID,
    DatasetError,
    columns_of,
    count_shared_rows,
    file_digest,
    load_bigml,
    load_openml,
)
from training.simulate import simulate

BIGML_FILE = """\
State,Account length,Area code,International plan,Voice mail plan,Number vmail messages,Total day minutes,\
Total day calls,Total day charge,Total eve minutes,Total eve calls,Total eve charge,Total night minutes,\
Total night calls,Total night charge,Total intl minutes,Total intl calls,Total intl charge,Customer service calls,Churn
KS,128,415,No,Yes,25,265.1,110,45.07,197.4,99,16.78,244.7,91,11.01,10.0,3,2.7,1,False
OH,84,408,Yes,No,0,299.4,71,50.9,61.9,88,5.26,196.9,89,8.86,6.6,7,1.78,2,True
"""
BIGML_HEADER, *BIGML_ROWS = csv.reader(BIGML_FILE.splitlines())
OPENML_NOMINAL = {
    "area_code": "{408,415,510}",
    "international_plan": "{0,1}",
    "voice_mail_plan": "{0,1}",
    "number_customer_service_calls": "{0,1,2,3,4,5,6,7,8,9}",
    "class": "{0,1}",
}

WriteCsv = Callable[..., Path]


@pytest.fixture
def write_csv(tmp_path: Path) -> WriteCsv:
    def write(header: Iterable[str] = BIGML_HEADER, rows: Iterable[Iterable[str]] = BIGML_ROWS) -> Path:
        path = tmp_path / "churn.csv"
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([header, *rows])
        return path

    return write


def changed(row: int, column: str, text: str) -> list[list[str]]:
    """Give the two valid rows with one cell replaced; row counts from 1."""
    rows = [list(cells) for cells in BIGML_ROWS]
    rows[row - 1][BIGML_HEADER.index(column)] = text
    return rows


def test_bigml_rows_become_named_typed_columns(write_csv: WriteCsv) -> None:
    frame = load_bigml(write_csv())
    assert list(frame.columns) == [field.name for field in FIELDS] + ["churned"]
    assert frame.iloc[0].to_dict() == {
        "account_length": 128.0, "state": "KS", "area_code": "415", "international_plan": 0.0, "voice_mail_plan": 1.0,
        "number_vmail_messages": 25.0, "total_day_calls": 110.0, "total_eve_calls": 99.0, "total_night_calls": 91.0,
        "total_intl_calls": 3.0, "customer_service_calls": 1.0, "total_day_minutes": 265.1,
        "total_eve_minutes": 197.4, "total_night_minutes": 244.7, "total_intl_minutes": 10.0, "churned": False,
    }  # fmt: skip
    assert frame["international_plan"].tolist() == [0.0, 1.0]
    assert frame["churned"].tolist() == [False, True]


def test_column_order_and_case_and_a_byte_order_mark_do_not_matter(write_csv: WriteCsv, tmp_path: Path) -> None:
    expected = load_bigml(write_csv())
    path = write_csv([name.upper() for name in reversed(BIGML_HEADER)], [row[::-1] for row in BIGML_ROWS])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    pd.testing.assert_frame_equal(load_bigml(path), expected)


def test_a_header_alone_is_an_empty_frame(write_csv: WriteCsv) -> None:
    frame = load_bigml(write_csv(rows=[]))
    assert frame.shape == (0, len(FIELDS) + 1)
    assert design_matrix(columns_of(frame), "usage").shape == (0, len(DESIGN_COLUMNS["usage"]))


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("International plan", "maybe", "neither yes nor no"),
        ("Voice mail plan", "", "neither yes nor no"),
        ("Churn", "2", "neither yes nor no"),
        ("Total day minutes", "", "not a number"),
        ("Total day minutes", "nan", "not a number"),
        ("Total day minutes", "inf", "not a number"),
        ("Total day minutes", "1_0", "not a number"),
        ("Total day minutes", "12,5", "not a number"),
        ("Total day minutes", "-0.1", "between 0 and 44640"),
        ("Total day charge", "n/a", "not a number"),
        ("Total day charge", "45.10", "not its minutes times the tariff"),
        ("Total day calls", "99.5", "a whole number between 0 and 10000"),
        ("Account length", "601", "a whole number between 0 and 600"),
        ("State", "ZZ", "not in the field's vocabulary"),
        ("State", "16", "not in the field's vocabulary"),
        ("Area code", "41", "not three digits"),
        ("Area code", "٤١٥", "not three digits"),
    ],
)
@pytest.mark.parametrize("row", [1, 2])
def test_an_unreadable_cell_names_its_column_and_row(
    write_csv: WriteCsv, column: str, text: str, reason: str, row: int
) -> None:
    rows = changed(row, column, text)
    # Both rows must be wrong only where the case says so; a changed charge would also trip the minutes' own check.
    with pytest.raises(DatasetError, match=reason) as caught:
        load_bigml(write_csv(rows=rows))
    assert (caught.value.column, caught.value.row) == (column, row)
    assert f"row {row}, column {column!r}" in str(caught.value)


@pytest.mark.parametrize("column", [name for name in BIGML_HEADER if not name.endswith("charge")])
def test_a_missing_column_is_named(write_csv: WriteCsv, column: str) -> None:
    keep = [position for position, name in enumerate(BIGML_HEADER) if name != column]
    path = write_csv([BIGML_HEADER[at] for at in keep], [[row[at] for at in keep] for row in BIGML_ROWS])
    with pytest.raises(DatasetError, match="missing from the header") as caught:
        load_bigml(path)
    assert caught.value.column == column


def test_the_charges_may_be_absent(write_csv: WriteCsv) -> None:
    keep = [position for position, name in enumerate(BIGML_HEADER) if not name.endswith("charge")]
    path = write_csv([BIGML_HEADER[at] for at in keep], [[row[at] for at in keep] for row in BIGML_ROWS])
    assert len(load_bigml(path)) == len(BIGML_ROWS)


@pytest.mark.parametrize("twin", ["Churn", "total DAY minutes", "number customer service calls"])
def test_a_doubled_column_is_refused(write_csv: WriteCsv, twin: str) -> None:
    path = write_csv([*BIGML_HEADER, twin], [[*row, "1"] for row in BIGML_ROWS])
    with pytest.raises(DatasetError, match="appears 2 times in the header"):
        load_bigml(path)


def test_an_unknown_column_is_refused_not_dropped(write_csv: WriteCsv) -> None:
    with pytest.raises(DatasetError, match="not a column of the churn table") as caught:
        load_bigml(write_csv([*BIGML_HEADER, "Loyalty points"], [[*row, "1"] for row in BIGML_ROWS]))
    assert caught.value.column == "Loyalty points"


@pytest.mark.parametrize("cells", [[], ["KS"], [*BIGML_ROWS[1], "extra"]])
def test_a_ragged_record_is_refused(write_csv: WriteCsv, cells: list[str]) -> None:
    with pytest.raises(DatasetError, match=f"has {len(cells)} cells under 20 headers") as caught:
        load_bigml(write_csv(rows=[BIGML_ROWS[0], cells]))
    assert caught.value.row == 2


@pytest.mark.parametrize("content", [b"", b'"State\nKS', b"State\n\xff\xfe"])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "churn.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError):
        load_bigml(path)


def openml_cells(frame: pd.DataFrame) -> dict[str, list[str]]:
    """Write simulated customers down as OpenML's table has them: codes for words, other names, a telephone number."""
    cells = {field.name: [f"{value:g}" for value in frame[field.name]] for field in FIELDS if field.kind != "code"}
    cells["state"] = [str(sorted(US_STATES).index(state)) for state in frame["state"]]
    cells["area_code"] = list(frame["area_code"])
    cells["phone_number"] = [str(2845 + row) for row in range(len(frame))]
    for name, price in USD_PER_MINUTE.items():
        cells[name.replace("minutes", "charge")] = [f"{value * price:.2f}" for value in frame[name]]
    cells["number_customer_service_calls"] = cells.pop("customer_service_calls")
    cells["class"] = [str(int(value)) for value in frame["churned"]]
    return cells


def write_openml_cache(data_home: Path, cells: dict[str, list[str]], name: str = "churn") -> None:
    """Lay the four answers OpenML gives for a table out as scikit-learn caches them."""
    attributes = [f"@ATTRIBUTE {column} {OPENML_NOMINAL.get(column, 'REAL')}" for column in cells]
    rows = [",".join(row) for row in zip(*cells.values(), strict=True)]
    arff = "\n".join(["% churn", f"@RELATION {name}", "", *attributes, "", "@DATA", *rows, ""]).encode()
    features = [
        {
            "index": str(index), "name": column, "data_type": "nominal" if column in OPENML_NOMINAL else "numeric",
            "is_target": str(column == "class").lower(), "is_ignore": "false", "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        | ({"nominal_value": OPENML_NOMINAL[column].strip("{}").split(",")} if column in OPENML_NOMINAL else {})
        for index, column in enumerate(cells)
    ]  # fmt: skip
    description = {
        "id": str(OPENML_DATA_ID), "name": name, "version": "1", "description": "Simulated.",
        "format": "ARFF", "status": "active",
        "default_target_attribute": "class", "md5_checksum": hashlib.md5(arff).hexdigest(), "file_id": "4965302",
        "url": "https://www.openml.org/data/v1/download/4965302/churn.arff",
    }  # fmt: skip
    answers = {
        f"api/v1/json/data/{OPENML_DATA_ID}": json.dumps({"data_set_description": description}).encode(),
        f"api/v1/json/data/features/{OPENML_DATA_ID}": json.dumps({"data_features": {"feature": features}}).encode(),
        f"api/v1/json/data/qualities/{OPENML_DATA_ID}": json.dumps(
            {"data_qualities": {"quality": [{"name": "NumberOfInstances", "value": str(len(rows))}]}}
        ).encode(),
        "data/v1/download/4965302/churn.arff": arff,
    }
    for path, content in answers.items():
        target = data_home / "openml" / "openml.org" / f"{path}.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(content))


@pytest.fixture
def _no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: object, *args: object, **kwargs: object) -> NoReturn:
        raise AssertionError(f"tried to download {request}")

    monkeypatch.setattr("sklearn.datasets._openml.urlopen", refuse)


@pytest.mark.usefixtures("_no_download")
def test_openml_spelling_gives_the_same_frame(tmp_path: Path) -> None:
    simulated = simulate(400, seed=4).drop(columns="churn_probability_true")
    write_openml_cache(tmp_path, openml_cells(simulated))
    frame = load_openml(tmp_path)
    assert frame["state"].nunique() == len(US_STATES)
    pd.testing.assert_frame_equal(frame, simulated)


@pytest.mark.usefixtures("_no_download")
@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [("state", "51", "not the position of a state"), ("total_day_charge", "0.01", "times the tariff"),
     ("total_day_calls", "?", "not a whole number|not a number"), ("account_length", "9999", "between 0 and 600")],
)  # fmt: skip
def test_openml_cells_are_held_to_the_same_rules(tmp_path: Path, column: str, text: str, reason: str) -> None:
    cells = openml_cells(simulate(5, seed=4))
    cells[column][2] = text
    write_openml_cache(tmp_path, cells)
    with pytest.raises(DatasetError, match=reason) as caught:
        load_openml(tmp_path)
    assert (caught.value.column, caught.value.row) == (column, 3)


@pytest.mark.usefixtures("_no_download")
def test_another_table_under_the_number_is_refused(tmp_path: Path) -> None:
    write_openml_cache(tmp_path, openml_cells(simulate(5, seed=4)), name="telco")
    with pytest.raises(DatasetError, match="'telco', not 'churn'"):
        load_openml(tmp_path)


def test_columns_feed_the_design_matrix(write_csv: WriteCsv) -> None:
    columns = columns_of(load_bigml(write_csv()))
    assert {array.dtype for array in columns.values()} == {np.dtype(np.float64)}
    assert "state" not in columns
    matrix = design_matrix(columns, "usage")
    assert matrix.shape == (2, len(DESIGN_COLUMNS["usage"]))
    assert matrix[0, -1] == pytest.approx(45.07 + 16.78 + 11.01 + 2.7, abs=0.02)
    with pytest.raises(KeyError):
        columns_of(load_bigml(write_csv()).drop(columns=MINUTE_NAMES[0]))


def test_shared_rows_are_counted_by_customer_whatever_the_label() -> None:
    training, reporting = simulate(500, seed=1), simulate(300, seed=2)
    assert count_shared_rows(training, reporting) == 0
    leaked = training.iloc[[3, 3, 7]].assign(churned=~training["churned"].iloc[[3, 3, 7]])
    assert count_shared_rows(training, pd.concat([reporting, leaked])) == 3
    nearly = leaked.assign(total_day_minutes=leaked["total_day_minutes"] + 0.1)
    assert count_shared_rows(training, nearly) == 0
    assert count_shared_rows(training, training.iloc[:0]) == count_shared_rows(training.iloc[:0], training) == 0


def test_digest_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert file_digest(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.real_data
def test_the_public_files_load_whole(real_data: Path) -> None:
    training, reporting = (load_bigml(real_data / f"churn-bigml-{part}.csv") for part in (80, 20))
    assert (len(training), len(reporting)) == (2666, 667)
    assert (int(training["churned"].sum()), int(reporting["churned"].sum())) == (388, 95)
    assert count_shared_rows(training, reporting) == 0
