"""Adapters: what each shipped log means, how a person's own mapping is read, and which one a file suggests."""

import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from app.events.adapters import (
    ADAPTERS,
    CANONICAL,
    MUSIC,
    RETAIL_INVOICES,
    RETAIL_LINES,
    Adapter,
    suggest,
)
from app.events.columns import CODE_OF_KIND
from app.events.mappings import MappingRefused
from app.events.records import FIELDS
from app.events.validation import KIND_PATTERN, fold_kind
from app.telecom.profiles import FieldRefused

SONG = {
    "artist": "Mudhoney", "auth": "Logged In", "itemInSession": 10, "length": 231.57506, "level": "paid",
    "page": "NextSong", "sessionId": 637, "song": "Get Into Yours", "ts": 1542326457796, "userId": "44",
}  # fmt: skip


def test_a_song_of_the_music_log_is_a_play() -> None:
    assert MUSIC.canonical(SONG) == {
        "user_id": "44",
        "session_id": 637,
        "item_in_session": 10,
        "ts": 1542326457796,
        "kind": "play",
        "duration_seconds": 231.57506,
        "item_id": "Mudhoney - Get Into Yours",
        "level": "paid",
    }
    assert MUSIC.moment(SONG["ts"]) == 1542326457796000


def test_a_page_without_a_song_and_without_a_user_has_neither() -> None:
    read = MUSIC.canonical(SONG | {"userId": "", "artist": None, "song": None, "length": None, "page": "Home"})
    assert [read[name] for name in ("user_id", "item_id", "duration_seconds", "kind")] == [None, None, None, "visit"]


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("Thumbs Down", "dislike"),
        ("Upgrade", "plan"),
        ("Submit Upgrade", "upgrade"),
        ("Submit Downgrade", "downgrade"),
        ("Cancel", "plan"),
        ("Cancellation Confirmation", "cancel"),
        ("Roll Advert", "advert"),
        ("Save Settings", "settings"),
        ("Podcasts/New", "podcasts_new"),
    ],
)
def test_pages_become_kinds_and_new_pages_keep_their_name(page: str, kind: str) -> None:
    assert MUSIC.canonical(SONG | {"page": page})["kind"] == kind


def test_long_names_of_songs_stay_apart() -> None:
    names = {MUSIC.canonical(SONG | {"song": "x" * 200 + end})["item_id"] for end in ("a", "b")}
    assert len(names) == 2
    assert {len(name) for name in names} == {128}


@pytest.mark.parametrize(
    ("invoice", "quantity", "price", "kind", "value"),
    [
        ("489434", "12", "6.95", "purchase", 12 * 6.95),
        ("C489449", "-12", "2.95", "refund", 12 * 2.95),
        ("C496350", "1", "373.57", "refund", 373.57),
        ("489464", -96, 0.0, "refund", 0.0),
        ("489464", 3, 0.0, "purchase", 0.0),
        ("A506401", 1, -53594.36, "refund", 53594.36),
    ],
)
def test_an_invoice_line_is_a_purchase_or_a_refund(
    invoice: str, quantity: Any, price: Any, kind: str, value: float
) -> None:
    line = {"Invoice": invoice, "StockCode": "85048", "Quantity": quantity, "Price": price, "Customer ID": 13085.0}
    read = RETAIL_LINES.canonical(line | {"InvoiceDate": "2009-12-01 07:45:00"})
    assert (read["kind"], read["value"], read["session_id"], read["item_id"]) == (kind, value, invoice, "85048")


@pytest.mark.parametrize(
    ("written", "user"), [("13085.0", "13085"), ("13085", "13085"), ("", None), (float("nan"), None)]
)
def test_a_retail_customer_is_one_person_in_both_files(written: Any, user: str | None) -> None:
    assert RETAIL_LINES.canonical({"Customer ID": written, "Quantity": 1, "Price": 1})["user_id"] == user
    assert RETAIL_INVOICES.canonical({"customer_id": written, "amount": "1"})["user_id"] == user


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("us", 1259653500000000),
        ("ms", "1259653500000"),
        ("ms", 1259653500000.0),
        ("s", "1259653500"),
        ("s", 1259653500.0),
        ("iso", "2009-12-01 07:45:00"),
        ("iso", "2009-12-01T08:45+01:00"),
        ("iso", datetime(2009, 12, 1, 7, 45)),  # a table's moment without a zone is UTC
        ("iso", datetime(2009, 12, 1, 7, 45, tzinfo=UTC)),
        ("iso or ms", "1259653500000"),
        ("iso or ms", "2009-12-01T07:45:00Z"),
    ],
)
def test_one_moment_may_be_written_in_every_unit(unit: Any, written: Any) -> None:
    assert Adapter("own", "any", {"ts": "t"}, unit, "visit").moment(written) == 1259653500000000


def test_seconds_may_have_a_fraction() -> None:
    assert Adapter("own", "any", {"ts": "t"}, "s", "visit").moment("1259653500.25") == 1259653500250000


@pytest.mark.parametrize(
    ("unit", "written"),
    [
        ("ms", "2009-12-01"),
        ("ms", 0.5),
        ("ms", True),
        ("ms", "1e400"),
        ("s", 10**17),
        ("us", float("inf")),
        ("iso", "01/12/2009 07:45"),
        ("iso", "2009-02-30 07:45"),
        ("iso", 1259653500),
        ("iso or ms", "2009-12-01 07:45:00"),
    ],
)
def test_a_time_that_is_not_written_so_is_refused(unit: Any, written: Any) -> None:
    with pytest.raises(FieldRefused) as refused:
        Adapter("own", "any", {"ts": "t"}, unit, "visit").moment(written)
    assert refused.value.code == "not_a_time"


@pytest.mark.parametrize("unit", ["us", "ms", "s", "iso", "iso or ms"])
def test_an_empty_time_is_missing(unit: Any) -> None:
    with pytest.raises(FieldRefused) as refused:
        Adapter("own", "any", {"ts": "t"}, unit, "visit").moment(None)
    assert refused.value.code == "missing"


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (list(SONG), "music"),
        (["customer_id", "invoice", "ts", "amount", "lines"], "retail_invoices"),
        (["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"], "retail_lines"),
        (["kind", "ts"], "canonical"),
        (["time", "what"], None),
    ],
)
def test_a_log_is_recognised_by_its_columns(columns: list[str], name: str | None) -> None:
    found = suggest(columns)
    assert (found.name if found else None) == name


def test_a_missing_column_is_named_before_anything_is_read() -> None:
    assert CANONICAL.missing(["ts", "user_id"]) == ["kind"]
    assert MUSIC.missing(["userId"]) == ["ts", "page"]
    assert RETAIL_INVOICES.missing(["ts"]) == []


def test_every_shipped_adapter_reads_into_the_fields_and_the_vocabulary() -> None:
    for adapter in ADAPTERS.values():
        assert set(adapter.columns) <= set(FIELDS)
        assert set(adapter.kinds.values()) <= set(CODE_OF_KIND)
        assert bool(adapter.kind) != ("kind" in adapter.columns)


def test_every_kind_of_the_vocabulary_can_be_written() -> None:
    assert all(fold_kind(kind) == kind for kind in CODE_OF_KIND), KIND_PATTERN


def test_adapters_travel_to_another_process() -> None:
    assert [pickle.loads(pickle.dumps(adapter)) for adapter in ADAPTERS.values()] == list(ADAPTERS.values())


OWN = {"columns": {"ts": "time", "user_id": "uid", "kind": "what"}, "ts_unit": "s", "kinds": {"Bought": "purchase"}}


def test_a_mapping_reads_back_as_it_was_written() -> None:
    adapter = Adapter.from_mapping(OWN)
    assert Adapter.from_mapping(adapter.to_mapping()) == adapter
    read = adapter.canonical({"time": 1, "uid": " 7 ", "what": "Bought", "more": "x"})
    assert read == {"ts": 1, "user_id": "7", "kind": "purchase"}


@pytest.mark.parametrize(
    ("mapping", "field", "sentence"),
    [
        ([], "columns", "Say which columns the fields of an event are read from"),
        (OWN | {"colour": 1}, "colour", "A mapping has only name, format, columns, ts_unit, kind, kinds"),
        ({"columns": {"kind": "what"}}, "columns.ts", "Say which column holds the time (ts)"),
        ({"columns": {"ts": 3}, "kind": "visit"}, "columns.ts", "Name the column that holds ts"),
        ({"columns": {"ts": "t", "who": "w"}, "kind": "visit"}, "columns", "An event has only the fields user_id"),
        ({"columns": {"ts": "t"}}, "columns.kind", "Say which column holds the kind"),
        (OWN | {"kind": "visit"}, "kind", "not both"),
        ({"columns": {"ts": "t"}, "kind": "dance"}, "kind", "The kind must be one of visit, play"),
        (OWN | {"kinds": {"Bought": "bought"}}, "kinds.Bought", "Bought must become one of visit, play"),
        (OWN | {"kinds": []}, "kinds", "Write kinds as an object"),
        (OWN | {"ts_unit": "days"}, "ts_unit", "ts_unit must be one of us, ms, s, iso"),
        (OWN | {"ts_unit": []}, "ts_unit", "ts_unit must be one of us, ms, s, iso"),
        (OWN | {"format": "xml"}, "format", "format must be one of jsonl, csv, any"),
        (OWN | {"name": ""}, "name", "The mapping's name must be text"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_what_to_correct(mapping: Any, field: str, sentence: str) -> None:
    with pytest.raises(MappingRefused) as refused:
        Adapter.from_mapping(mapping)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert sentence in refused.value.problems[0].message
