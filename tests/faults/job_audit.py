"""Hold a job's traces against the file that went in: predictions, customers, sums, results.csv and errors.csv."""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from app.telecom.policy import VALUE_BANDS
from tests.faults.jobs import JobFile

_CELL = ("tier", "value_band", "segment")
_SUMS = ("customers", "clv_cents", "value_at_risk_cents", "charged_customers", "monthly_charge_cents",
         "probability_millionths")  # fmt: skip
_SAME = ("tier", "clv_cents", "monthly_charge_cents", "churn_probability", "request_id", "created_at")
_KEPT = ("tier", "clv_cents", "monthly_charge_cents", "churn_probability", "request_id", "last_seen_at")


def chunk_complaints(database: Path, job_id: str) -> list[str]:
    """Say what of a job is half-stored at this moment: its rows, its counts and its files must tell one story."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        connection.execute("BEGIN")
        columns = "rows_done, counts, results_bytes, errors_bytes"
        done, counts, *lengths = connection.execute(f"SELECT {columns} FROM jobs WHERE id = ?", (job_id,)).fetchone()
        of_job = "SELECT count(*) FROM predictions WHERE request_id = ?"
        stored = connection.execute(of_job, (job_id,)).fetchone()[0]
    counted = json.loads(counts)
    found = []
    if stored != counted["scored"]:
        found.append(f"{stored} predictions stored, {counted['scored']} counted")
    if done != counted["scored"] + counted["rejected"]:
        found.append(f"{done} rows done, {counted['scored']} scored and {counted['rejected']} rejected")
    for name, length in zip(("results.csv", "errors.csv"), lengths, strict=True):
        path = database.parent / "batch" / job_id / name
        if length and path.stat().st_size < length:
            found.append(f"{name} is shorter than its job says")
    return found


def complaints_about_job(database: Path, job_id: str, file: JobFile) -> list[str]:
    """Say what a finished job got wrong; nothing when every row in is scored or reported, exactly once, in order."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        job = connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        by_id = "SELECT customer_id FROM predictions WHERE request_id = ? ORDER BY id"
        stored = [row["customer_id"] for row in connection.execute(by_id, (job_id,))]
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
        found = [] if integrity == "ok" else [f"integrity_check: {integrity}"]
        found += portfolio_complaints(connection)
    counts = json.loads(job["counts"])
    if job["state"] != "done":
        found.append(f"the job is {job['state']}: {job['reason']}")
    if stored != file.scored_ids:
        found.append(f"{len(stored)} predictions of {len(set(stored))} customers instead of {len(file.scored_ids)}")
    if counts["scored"] + counts["rejected"] != len(file.customer_ids) or counts["rejected"] != len(file.rejected):
        found.append(f"{counts['scored']} scored and {counts['rejected']} rejected of {len(file.customer_ids)}")
    return found + _file_complaints(database.parent / "batch" / job_id, file)


def _file_complaints(folder: Path, file: JobFile) -> list[str]:
    everything = set(range(len(file.customer_ids)))
    wanted = {"results.csv": sorted(everything - file.rejected), "errors.csv": sorted(file.rejected)}
    found = []
    for name, rows in wanted.items():
        with (folder / name).open(newline="", encoding="utf-8") as stream:
            written = [line["row"] for line in csv.DictReader(stream)]
        if written != [str(row) for row in rows]:
            found.append(f"{name} holds {len(written)} rows, {len(set(written))} different, instead of {len(rows)}")
    return found


def portfolio_complaints(connection: sqlite3.Connection) -> list[str]:
    """Work customers and sums out anew from the predictions and say where the stored ones differ."""
    connection.row_factory = sqlite3.Row
    latest: dict[str, Any] = {}
    for row in connection.execute("SELECT * FROM predictions WHERE customer_id IS NOT NULL ORDER BY id"):
        latest[row["customer_id"]] = row
    found, seen = [], 0
    sums: dict[tuple[Any, ...], list[int]] = {}
    for customer in connection.execute("SELECT * FROM customers"):
        row = latest.get(customer["id"])
        seen += 1
        if row is None or row["id"] != customer["prediction_id"]:
            found.append(f"customer {customer['id']} does not show the latest prediction")
            continue
        answer = json.loads(row["answer"])
        risk_cents = round(answer["value_at_risk_usd"] * 100)
        if [row[name] for name in _SAME] != [customer[name] for name in _KEPT]:
            found.append(f"customer {customer['id']} differs from the prediction")
        if abs(risk_cents - customer["value_at_risk_cents"]) > 0:
            found.append(f"customer {customer['id']} has another value at risk")
        charge = row["monthly_charge_cents"]
        own = (1, row["clv_cents"], risk_cents, charge is not None, charge or 0, round(row["churn_probability"] * 1e6))
        cell = (row["tier"], VALUE_BANDS.index(answer["value_band"]), _segment(answer))
        sums[cell] = [a + b for a, b in zip(sums.get(cell, [0] * len(own)), own, strict=True)]
    if seen != len(latest):
        found.append(f"{seen} customers stored, {len(latest)} predicted")
    for kept in connection.execute("SELECT * FROM portfolio"):
        cell = tuple(kept[name] for name in _CELL)
        if [kept[name] for name in _SUMS] != sums.pop(cell, [0] * len(_SUMS)):
            found.append(f"the sums of {cell} differ from a recomputation")
    found += [f"the portfolio has no sums of {cell}" for cell in sums]
    return found[:20]


def _segment(answer: dict[str, Any]) -> int:
    """Read the segment from either form of a stored answer."""
    segment = answer["segment"]
    return segment["id"] if isinstance(segment, dict) else -1 if segment is None else int(segment)
