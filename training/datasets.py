"""Labelled customers as one frame, whichever public copy of the churn table they come from.

The names, units, ranges and vocabularies are those of ``app.telecom.features``; this file only knows how each copy
writes them down. Rows in are rows out: a cell that cannot be read is an error that names its column and row.
"""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import fetch_openml

from app.telecom.features import FIELD_BY_NAME, FIELDS, MINUTE_NAMES, US_STATES, USD_PER_MINUTE, Field

Floats = NDArray[np.float64]
Codes: TypeAlias = "pd.Categorical[str]"

CHURNED: Final = "churned"
OPENML_DATA_ID: Final = 40701
NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?")
CENT_TOLERANCE_USD: Final = 0.0101
TRUTH: Final[Mapping[str, float]] = {"yes": 1.0, "true": 1.0, "1": 1.0, "no": 0.0, "false": 0.0, "0": 0.0}


class DatasetError(ValueError):
    """The table cannot be read as labelled customers.

    Attributes
    ----------
    column : str or None
        Header of the column at fault as the file writes it; None when the whole table or row is at fault.
    row : int or None
        Row at fault, counted from 1 below the header; None when the whole column is at fault.
    """

    def __init__(self, reason: str, column: str | None = None, row: int | None = None) -> None:
        self.column = column
        self.row = row
        place = [f"row {row}"] * (row is not None) + [f"column {column!r}"] * (column is not None)
        super().__init__(f"{', '.join(place)}: {reason}" if place else reason)


def load_bigml(path: Path) -> pd.DataFrame:
    """Read one of the BigML CSV files.

    Parameters
    ----------
    path : Path
        ``churn-bigml-80.csv`` or ``churn-bigml-20.csv``, or a file with the same header.

    Returns
    -------
    DataFrame, one row for each record of the file, in the file's order
        Every name of ``FIELDS`` in that order (``state`` and ``area_code`` categorical text, the rest float64 in the
        field's unit, flags 0 or 1), then ``churned`` (bool).

    Raises
    ------
    DatasetError
        A column is missing, doubled or unknown; a record is too short or too long; a cell is empty, is no number, no
        yes/no, outside the field's range or vocabulary; a charge is not its minutes times the tariff.
    OSError
        The file cannot be opened.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            records = list(csv.reader(lines, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(f"{path.name} is not a CSV file in UTF-8: {error}") from error
    if not records:
        raise DatasetError(f"{path.name} is empty")
    header, rows = records[0], records[1:]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise DatasetError(f"has {len(row)} cells under {len(header)} headers", row=number)
    return _customers(header, [[row[position] for row in rows] for position in range(len(header))])


def load_openml(data_home: Path | None = None) -> pd.DataFrame:
    """Fetch the 5,000-row "churn" table from OpenML, or from scikit-learn's cache of it.

    Parameters
    ----------
    data_home : Path, optional
        Folder of scikit-learn's data cache; the default is scikit-learn's own.

    Returns
    -------
    DataFrame
        As ``load_bigml`` gives it. OpenML's copy came from the Penn Machine Learning Benchmarks, which replaced words
        by codes: plans and class are 0/1, and the state is its position in the alphabet of two-letter codes. The
        telephone number is such a code too; it identifies a row, describes nobody, and is left out.

    Raises
    ------
    DatasetError
        As for ``load_bigml``, or OpenML's answer is not the table called "churn".
    OSError
        The table is not in the cache and cannot be downloaded.

    References
    ----------
    J. Vanschoren, J. N. van Rijn, B. Bischl, L. Torgo (2013), "OpenML: networked science in machine learning",
    SIGKDD Explorations 15(2). R. S. Olson et al. (2017), "PMLB: a large benchmark suite", BioData Mining 10.
    """
    # scikit-learn's pandas parser reads the nominal 0/1 columns as integers and then fails on them (1.9, pandas 3.1).
    bunch = fetch_openml(data_id=OPENML_DATA_ID, data_home=data_home, as_frame=True, parser="liac-arff")
    if bunch.details["name"] != "churn":
        raise DatasetError(f"OpenML's table {OPENML_DATA_ID} is {bunch.details['name']!r}, not 'churn'")
    cells = {str(name): _text_cells(bunch.frame[name]) for name in bunch.frame.columns}
    if "state" in cells:
        cells["state"] = [_state_at(position, row) for row, position in enumerate(cells["state"], start=1)]
    return _customers(list(cells), list(cells.values()))


def columns_of(frame: pd.DataFrame) -> dict[str, Floats]:
    """Take the columns that ``app.telecom.features.design_matrix`` reads out of a frame of customers.

    Parameters
    ----------
    frame : DataFrame, n rows
        As the loaders and the simulator give it.

    Returns
    -------
    dict of str to ndarray, shape (n,), float64
        Every field of ``FIELDS`` that is no code, by name.

    Raises
    ------
    KeyError
        A field is absent from the frame.
    """
    return {field.name: frame[field.name].to_numpy(np.float64) for field in FIELDS if field.kind != "code"}


def count_shared_rows(training: pd.DataFrame, reporting: pd.DataFrame) -> int:
    """Count the reporting rows whose customer is also in the training rows.

    Parameters
    ----------
    training, reporting : DataFrame
        As the loaders give them. The table has no customer key, so two rows are one customer when every field is
        equal; the label is not compared, since a customer leaks whatever he is labelled.

    Returns
    -------
    int
        0 when no customer is on both sides, and when either side is empty.
    """
    names = list(FIELD_BY_NAME)
    seen = set(training[names].itertuples(index=False, name=None))
    return sum(row in seen for row in reporting[names].itertuples(index=False, name=None))


def file_digest(path: Path) -> str:
    """Hash a file for the card: its SHA-256 in lower-case hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _customers(header: Sequence[str], columns: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Turn headers and their cells, as text, into the frame every loader returns."""
    cells = _by_key(header, columns)
    data: dict[str, Floats | NDArray[np.bool_] | Codes] = {}
    for field in FIELDS:
        name, texts = cells.pop(_key(field.column))
        data[field.name] = _read(field, name, texts)
    data[CHURNED] = _truths(*cells.pop("churn")).astype(np.bool_)
    for minutes in MINUTE_NAMES:
        charge = cells.pop(_key(_charge_column(minutes)), None)
        if charge is not None:
            _check_charge(*charge, np.asarray(data[minutes], np.float64) * USD_PER_MINUTE[minutes])
    return pd.DataFrame(data)


def _by_key(header: Sequence[str], columns: Sequence[Sequence[str]]) -> dict[str, tuple[str, Sequence[str]]]:
    """Index cells by a spelling-free key and hold the header against what a churn table has."""
    keys = [_key(name) for name in header]
    for key, count in Counter(keys).items():
        if count > 1:
            raise DatasetError(f"appears {count} times in the header", header[keys.index(key)])
    needed = {_key(field.column): field.column for field in FIELDS} | {"churn": "Churn"}
    for key, column in needed.items():
        if key not in keys:
            raise DatasetError("is missing from the header", column)
    # A charge is its minutes times the tariff and is checked against them; a telephone number only names the row.
    redundant = {_key(_charge_column(name)) for name in MINUTE_NAMES} | {"phone_number"}
    for key, name in zip(keys, header, strict=True):
        if key not in needed and key not in redundant:
            raise DatasetError("is not a column of the churn table", name)
    return {key: (name, texts) for key, name, texts in zip(keys, header, columns, strict=True)}


def _key(name: str) -> str:
    """Reduce a header to what the copies of the table agree on: BigML and OpenML differ in case, spaces and prefix."""
    key = "_".join(name.strip().lower().split()).removeprefix("number_")
    return "churn" if key == "class" else key


def _charge_column(minutes_name: str) -> str:
    return FIELD_BY_NAME[minutes_name].column.replace("minutes", "charge")


def _read(field: Field, name: str, texts: Sequence[str]) -> "Floats | Codes":
    if field.kind == "flag":
        return _truths(name, texts)
    return _codes(field, name, texts) if field.kind == "code" else _quantities(field, name, texts)


def _truths(name: str, texts: Sequence[str]) -> Floats:
    values = np.empty(len(texts))
    for row, text in enumerate(texts, start=1):
        value = TRUTH.get(text.strip().lower())
        if value is None:
            raise DatasetError(f"{text!r} is neither yes nor no", name, row)
        values[row - 1] = value
    return values


def _quantities(field: Field, name: str, texts: Sequence[str]) -> Floats:
    values = _numbers(name, texts)
    whole = np.equal(np.floor(values), values) if field.kind == "count" else np.ones(len(values), np.bool_)
    wrong = ~whole | (values < 0) | (values > field.maximum)
    if wrong.any():
        row = int(wrong.argmax()) + 1
        kind = "a whole number" if field.kind == "count" else "a number"
        raise DatasetError(f"{texts[row - 1]!r} is not {kind} between 0 and {field.maximum:g}", name, row)
    return values


def _numbers(name: str, texts: Sequence[str]) -> Floats:
    values = np.empty(len(texts))
    for row, text in enumerate(texts, start=1):
        if NUMBER.fullmatch(text.strip()) is None:
            raise DatasetError(f"{text!r} is not a number", name, row)
        values[row - 1] = float(text)
    return values


def _codes(field: Field, name: str, texts: Sequence[str]) -> Codes:
    words = [text.strip().upper() for text in texts]
    allowed = set(field.vocabulary)
    for row, word in enumerate(words, start=1):
        if allowed and word not in allowed:
            raise DatasetError(f"{texts[row - 1]!r} is not in the field's vocabulary", name, row)
        if not allowed and re.fullmatch("[0-9]{3}", word) is None:
            raise DatasetError(f"{texts[row - 1]!r} is not three digits", name, row)
    return pd.Categorical(words, categories=list(field.vocabulary) or sorted(set(words)))


def _state_at(position: str, row: int) -> str:
    alphabet = sorted(US_STATES)
    if not position.isdecimal() or int(position) >= len(alphabet):
        raise DatasetError(f"{position!r} is not the position of a state, 0 to {len(alphabet) - 1}", "state", row)
    return alphabet[int(position)]


def _check_charge(name: str, texts: Sequence[str], expected_usd: Floats) -> None:
    """Prove that leaving a charge column out loses nothing: it is derived from its minutes, to the cent."""
    wrong = np.abs(_numbers(name, texts) - expected_usd) > CENT_TOLERANCE_USD
    if wrong.any():
        row = int(wrong.argmax()) + 1
        raise DatasetError(f"{texts[row - 1]!r} is not its minutes times the tariff", name, row)


def _text_cells(column: "pd.Series[str]") -> list[str]:
    """Write cells down again; ARFF knows one kind of number, so 16 arrives as 16.0."""
    return ["" if pd.isna(value) else str(value).removesuffix(".0") for value in column]
