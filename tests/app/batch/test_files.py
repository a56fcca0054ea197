import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.batch import files
from app.batch.equipment import explainer
from app.batch.file_plan import FileRefused, Request
from app.batch.files import score_file
from app.segments.assignment import MODEL_NAME, SegmentModel
from app.segments.service import pinned_segment_model
from app.settings import ROOT
from app.telecom.features import FIELDS
from app.web.csv_cells import restore
from tests.app.batch.grouped_models import PERSONAS, grouped_models, segment_card
from tests.app.batch.odd_files import MODELS, NAMES, TWO, a_file, a_row, read_file, rows_of
from tests.sealed import VERSION_OF, champion_folder
from tests.simulated_requests import simulated_customers
from training.sealing import point_champion, write_version

MODELS_DIR = ROOT / "models"
SEGMENTER = pinned_segment_model(MODELS_DIR, VERSION_OF[MODEL_NAME]).segmenter()
WRONG = a_file(a_row(), a_row(state=""), a_row(customerId="C-3"))


def run(tmp_path, content, target="out.csv", **more):
    source = tmp_path / "in.csv"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    return score_file(Request(source, tmp_path / target, MODELS_DIR, **more))


def simulated_file(n_rows):
    rows = [
        {name: str(value) for name, value in each.items()} for each in simulated_customers(n_rows, 3, id_prefix="c")
    ]
    return a_file(*rows)


def test_the_results_are_those_of_the_core(tmp_path):
    outcome = run(tmp_path, WRONG, errors=tmp_path / "errors.csv")
    expected = read_file(WRONG.encode(), segmenter=SEGMENTER)
    assert (outcome.scored, outcome.rejected) == (2, 1)
    assert (tmp_path / "out.csv").read_bytes() == expected.results
    assert (tmp_path / "errors.csv").read_bytes() == expected.errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["errors.csv", "in.csv", "out.csv"]


def test_several_processes_keep_the_order(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "SMALL_BYTES", 0)
    monkeypatch.setattr(files, "PIECE_BYTES", 10_000)
    content = simulated_file(2_000)
    heard = []
    source = tmp_path / "in.csv"
    source.write_text(content, newline="")
    outcome = score_file(Request(source, tmp_path / "out.csv", MODELS_DIR, workers=2), lambda *said: heard.append(said))
    assert outcome.scored == 2_000
    assert (tmp_path / "out.csv").read_bytes() == read_file(content.encode(), segmenter=SEGMENTER).results
    assert len(heard) > 5
    assert heard[-1] == (len(content), len(content), "B", 2_000)


def test_a_mapping_file_is_obeyed(tmp_path):
    names = {alias: f"col {place}" for place, alias in enumerate(NAMES)}
    mapping = tmp_path / "mapping.json"
    content = a_file({names[alias]: value for alias, value in a_row().items()}, names=list(names.values()))
    for told in ({"columns": names, "encoding": None, "delimiter": ",", "has_header": True}, names):
        mapping.write_text(json.dumps(told))
        assert run(tmp_path, content, mapping=mapping).scored == 1


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "write the mapping as"),
        ('{"columns": 1}', "write the mapping as"),
        ('{"columns": {}, "colour": 1}', "write the mapping as"),
        ('{"columns": {"colour": "x"}}', "there is no field colour"),
        ('{"columns": {}, "delimiter": "x"}', "delimiter must be one of null"),
        ('{"columns": {"state": "nowhere"}}', 'The file has no column "nowhere"'),
        ('{"columns": {"state": "state", "areaCode": "state"}}', "uses a column twice"),
        ('{"columns": {"state": "state"}}', "No column was found for account length, area code"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_in_words(tmp_path, told, sentence):
    mapping = tmp_path / "mapping.json"
    mapping.write_text(told)
    with pytest.raises(FileRefused, match=sentence):
        run(tmp_path, TWO, mapping=mapping)
    assert not (tmp_path / "out.csv").exists()


def test_a_likely_mapping_is_shown_and_not_used(tmp_path):
    content = TWO.replace("accountLength", "acct length")
    with pytest.raises(FileRefused, match="not certain") as refused:
        run(tmp_path, content)
    mapping = tmp_path / "mapping.json"
    mapping.write_text(str(refused.value).partition("--mapping: ")[2])
    assert run(tmp_path, content, mapping=mapping).scored == 2


def test_nothing_is_left_behind_when_it_cannot_go_on(tmp_path):
    (tmp_path / "out.csv").write_text("before")
    with pytest.raises(FileRefused, match="This is an Excel workbook"):
        run(tmp_path, b"\xd0\xcf\x11\xe0")
    (tmp_path / "in.csv").write_text(TWO)
    with pytest.raises(FileRefused, match=r"aliases\.json in MODELS_DIR is missing"):
        score_file(Request(tmp_path / "in.csv", tmp_path / "out.csv", tmp_path))
    with pytest.raises(FileRefused, match="No such file"):
        score_file(Request(tmp_path / "none.csv", tmp_path / "out.csv", MODELS_DIR))
    with pytest.raises(FileRefused, match="No such file"):
        run(tmp_path, TWO, target="no folder/out.csv")
    with pytest.raises(FileRefused, match="Two of the files have the same name"):
        run(tmp_path, TWO, target="in.csv")
    with pytest.raises(FileRefused, match="The errors are written as CSV"):
        run(tmp_path, TWO, errors=tmp_path / "errors.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]
    assert (tmp_path / "out.csv").read_text() == "before"


def parquet_of(path, rows, **changes):
    """Write rows with the types a data frame would have: numbers, booleans, categories, missing values."""
    columns = {}
    for field in FIELDS:
        values = [row[field.alias] for row in rows]
        if field.is_number:
            columns[field.alias] = pa.array([float(value) if value else None for value in values])
        elif field.kind == "flag":
            columns[field.alias] = pa.array([value == "yes" for value in values])
        else:
            columns[field.alias] = pa.array(values).dictionary_encode()
    columns["customerId"] = pa.array([int(row["customerId"]) for row in rows])
    columns |= changes
    pq.write_table(pa.table(columns), path)


def test_parquet_in_and_out_give_the_scores_of_csv(tmp_path):
    rows = [a_row(customerId=str(place), accountLength=str(place)) for place in range(10)]
    rows[3]["accountLength"] = rows[5]["state"] = ""
    rows[3]["accountLength"] = "601"
    parquet = tmp_path / "in.parquet"
    parquet_of(parquet, rows, note=pa.array(["=1+1", *["x"] * 9]))
    expected = rows_of(read_file(a_file(*rows).encode()).results)
    for source, target in ((parquet, "out.csv"), (parquet, "out.parquet"), (tmp_path / "out.csv", "again.parquet")):
        errors = tmp_path / "errors.csv"
        outcome = score_file(Request(source, tmp_path / target, MODELS_DIR, errors=errors))
        assert (outcome.scored, outcome.rejected) == ((8, 2) if source == parquet else (8, 0))
        if source == parquet:
            assert [row["telelink_line"] for row in rows_of(errors.read_bytes())] == ["4", "6"]
        if target.endswith(".csv"):
            got = rows_of((tmp_path / target).read_bytes())
            assert got[0]["note"] == "'=1+1"
        else:
            table = pq.read_table(tmp_path / target)
            got = table.to_pylist()
            assert got[0]["note"] == "=1+1"
        for row, wanted in zip(got, expected, strict=True):
            assert float(row["churn_probability"]) == float(wanted["churn_probability"])
            assert row["recommendation"] == wanted["recommendation"]
            assert int(row["customerId"]) == int(wanted["customerId"])
    schema = pq.read_schema(tmp_path / "out.parquet")
    assert schema.field("accountLength").type == pa.float64()
    assert schema.field("clv_low").type == pa.float64()


def test_segments_and_reasons_are_written_to_either_format(tmp_path):
    rows = [{name: str(value) for name, value in each.items()} for each in simulated_customers(60, 4, id_prefix="c")]
    source = tmp_path / "in.csv"
    source.write_text(a_file(*rows), newline="")
    models_dir = grouped_models(tmp_path / "models")
    expected = read_file(
        source.read_bytes(),
        segmenter=SegmentModel.from_card(segment_card()).segmenter(),
        explain=explainer(models_dir, MODELS),
    )
    for target in ("out.csv", "out.parquet"):
        score_file(Request(source, tmp_path / target, models_dir, with_reasons=True))
    assert (tmp_path / "out.csv").read_bytes() == expected.results
    table = pq.read_table(tmp_path / "out.parquet")
    assert [table.schema.field(name).type for name in ("segment", "persona", "reasons")] == [
        pa.int64(),
        pa.string(),
        pa.string(),
    ]
    wanted = [
        (int(row["segment"]), restore(row["persona"]), row["reasons"], row["churn_risk"])
        for row in rows_of(expected.results)
    ]
    columns = ("segment", "persona", "reasons", "churn_risk")
    assert list(zip(*(table[name].to_pylist() for name in columns), strict=True)) == wanted
    assert {persona for _, persona, _, _ in wanted} == set(PERSONAS)
    # Read in again, and scored again: rows in = rows out, and what we wrote is known as ours.
    again = score_file(Request(tmp_path / "out.parquet", tmp_path / "again.csv", models_dir, with_reasons=True))
    assert (again.scored, again.rejected) == (60, 0)
    results = rows_of((tmp_path / "again.csv").read_bytes())
    assert [row["telelink_reasons"] for row in results] == [row["reasons"] for row in results]


def test_without_segments_parquet_has_no_value_there(tmp_path):
    models_dir = grouped_models(tmp_path / "models")
    point_champion(models_dir, MODEL_NAME, "1")
    aliases = json.loads((models_dir / "aliases.json").read_text())
    del aliases[MODEL_NAME]
    (models_dir / "aliases.json").write_text(json.dumps(aliases))
    (tmp_path / "in.csv").write_text(TWO, newline="")
    score_file(Request(tmp_path / "in.csv", tmp_path / "out.parquet", models_dir))
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["segment"].to_pylist() == [None, None]
    assert table["persona"].to_pylist() == ["", ""]
    assert "reasons" not in table.column_names


def broken_seal(models_dir):
    (models_dir / MODEL_NAME / "1" / "card.json").write_text("{}")


def unusable_card(models_dir):
    write_version(models_dir, {**segment_card("2"), "schema": 0}, {})
    point_champion(models_dir, MODEL_NAME, "2")


@pytest.mark.parametrize("spoil", [broken_seal, unusable_card])
@pytest.mark.parametrize(("workers", "target"), [(0, "out.csv"), (1, "out.csv"), (0, "out.parquet")])
def test_segments_that_cannot_be_used_are_spared_and_the_outcome_says_so(tmp_path, monkeypatch, spoil, workers, target):
    monkeypatch.setattr(files, "SMALL_BYTES", 0 if workers else files.SMALL_BYTES)
    models_dir = grouped_models(tmp_path / "models")
    spoil(models_dir)
    (tmp_path / "in.csv").write_text(TWO, newline="")
    outcome = score_file(Request(tmp_path / "in.csv", tmp_path / target, models_dir, workers=workers))
    assert outcome.scored == 2
    assert outcome.spared.startswith(f"{MODEL_NAME}/")
    if target.endswith(".parquet"):
        assert pq.read_table(tmp_path / target)["segment"].to_pylist() == [None, None]
    else:
        assert (tmp_path / target).read_bytes() == read_file(TWO.encode()).results


def test_a_broken_telecom_version_is_never_spared(tmp_path):
    models_dir = grouped_models(tmp_path / "models")
    (champion_folder(models_dir, "telecom-core") / "card.json").write_text("{}")
    broken_seal(models_dir)
    (tmp_path / "in.csv").write_text(TWO, newline="")
    with pytest.raises(FileRefused, match="telecom-core/") as refused:
        score_file(Request(tmp_path / "in.csv", tmp_path / "out.csv", models_dir))
    assert MODEL_NAME not in str(refused.value)
    assert not (tmp_path / "out.csv").exists()


def test_parquet_files_that_cannot_be_used(tmp_path):
    source = tmp_path / "in.parquet"
    source.write_bytes(b"PAR1 and no more")
    with pytest.raises(FileRefused, match="this is not a Parquet file that can be read"):
        score_file(Request(source, tmp_path / "out.csv", MODELS_DIR))
    parquet_of(source, [], extra=pa.array([], pa.int64()))
    assert score_file(Request(source, tmp_path / "out.parquet", MODELS_DIR)).scored == 0
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


def score(*arguments):
    command = [sys.executable, ROOT / "scripts" / "score", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_says_what_became_of_the_file(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(WRONG, newline="")
    done = score(source, target)
    assert done.returncode == 3
    assert "3 rows in: 2 scored, 1 rejected" in done.stderr
    assert "1  Enter the state" in done.stderr
    assert len(rows_of(target.read_bytes())) == 2
    source.write_text(TWO, newline="")
    assert score(source, target, "--workers", 0).returncode == 0
    assert "reasons" not in rows_of(target.read_bytes())[0]
    assert score(source, target, "--reasons").returncode == 0
    assert [row["reasons"] == "" for row in rows_of(target.read_bytes())] == [True, True]
    refused = score(tmp_path / "none.csv", target)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.strip().endswith("none.csv: No such file or directory.")


def test_the_command_says_in_one_line_that_segments_were_spared(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(TWO, newline="")
    models_dir = grouped_models(tmp_path / "models")
    assert score(source, target, "--models", models_dir).stderr.count("segment and persona") == 0
    broken_seal(models_dir)
    done = score(source, target, "--models", models_dir)
    assert done.returncode == 0
    (said,) = [line for line in done.stderr.splitlines() if "segment and persona are empty: " in line]
    assert f"{MODEL_NAME}/1" in said
    assert [(row["segment"], row["persona"]) for row in rows_of(target.read_bytes())] == [("", "")] * 2
