"""What is committed is finished and belongs to nobody's machine: no notes to self, no filler, no private addresses."""

import re
from pathlib import Path

import pytest

from tests import checkout

NOTES_TO_SELF = re.compile(rb"\b(?:TODO|FIXME|XXX|HACK|WIP)\b")
FILLER = re.compile(rb"\blorem\b|\bfoo\b|\bfoobar\b", re.I)
# Registries are the reader's own choice; an address in a lock file or a log would be somebody's mirror or folder.
PRIVATE = re.compile(rb"/work/|/home/[a-z]|/root/|/Users/|pypi\.org|pythonhosted\.org|npmjs\.org|files\.python")
TEXT = [path for path in checkout.files() if b"\0" not in path.read_bytes()[:4096]]


@pytest.mark.parametrize("path", TEXT, ids=checkout.name_of)
def test_a_committed_file_holds_none_of_these(path: Path) -> None:
    if path == Path(__file__):
        return
    content = path.read_bytes()
    found = {match.decode() for words in (NOTES_TO_SELF, FILLER, PRIVATE) for match in words.findall(content)}
    assert found == set()


def test_the_patterns_see_what_they_look_for() -> None:
    for words, text in (
        (NOTES_TO_SELF, b"# TODO: later"),
        (FILLER, b"Lorem ipsum"),
        (PRIVATE, b"https://registry.npmjs.org/x"),
        (PRIVATE, b"see /work/notes"),
    ):
        assert words.search(text)
    assert not NOTES_TO_SELF.search(b"mktemp /tmp/telelink.XXXXXX")


def test_no_data_no_database_and_no_key_is_committed() -> None:
    names = {checkout.name_of(path) for path in checkout.files()}
    assert not {
        name for name in names if Path(name).suffix in (".csv", ".db", ".sqlite", ".pem", ".key", ".log", ".env")
    }
