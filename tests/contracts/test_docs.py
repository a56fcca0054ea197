"""The documentation is true: generated pages are fresh, links lead somewhere, what a user can meet is described."""

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from app import errors
from app.application import create_app
from app.settings import Settings
from app.telecom.features import FIELDS
from tests import checkout
from tests.factories import settings_in

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
ADDRESS_OF_REFERENCE = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.M)
TAG_ADDRESS = re.compile(r"""\b(?:src|href)=["']([^"']+)["']""")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.M)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
PAGES = checkout.files(".md")
DOCS = checkout.ROOT / "docs"


def prose(page: Path) -> str:
    """The text of a page without its code blocks."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    for pattern in (LINK, ADDRESS_OF_REFERENCE, TAG_ADDRESS):
        yield from pattern.findall(re.sub(r"`[^`\n]*`", "", prose(page)) if pattern is TAG_ADDRESS else prose(page))


def anchors(page: Path) -> set[str]:
    """The fragments under which a page's headings are shown."""
    found = set()
    for heading in HEADING.findall(prose(page)):
        words = unicodedata.normalize("NFC", re.sub(r"[`*_]|\[|\]\([^)]*\)", "", heading)).lower()
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def is_broken(page: Path, link: str) -> bool:
    """A link is good when it leaves for the web, or leads to a file of the checkout and a heading that is there."""
    address = urlsplit(link)
    if address.scheme:
        return address.scheme not in ("http", "https", "mailto")
    target = (page.parent / unquote(address.path)).resolve() if address.path else page
    if not target.exists() or (address.path and not target.is_relative_to(checkout.ROOT)):
        return True
    return bool(address.fragment) and address.fragment not in anchors(target)


def broken(page: Path) -> list[str]:
    return [link for link in links(page) if is_broken(page, link)]


@pytest.mark.parametrize("page", PAGES, ids=checkout.name_of)
def test_every_link_leads_to_something_in_the_checkout(page: Path) -> None:
    assert broken(page) == []


def test_the_link_check_sees_broken_links(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading\n[a](none.md) ![b](none.png) [c](#nowhere) [d](/etc/passwd) [![e](x.png)](none)\n"
        "[f](#a-heading) [g](https://example.org/#x)\n\n```\n[h](in-a-block.md)\n```\n[i]: gone.md\n"
    )
    assert set(broken(page)) == {"none.md", "none.png", "#nowhere", "/etc/passwd", "none", "x.png", "gone.md"}


def test_the_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/docs", "--check"], cwd=checkout.ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def rows(page: str) -> set[str]:
    """The first cell of every table row of a page under ``docs``."""
    return set(re.findall(r"^\| `([^`|]+)` \|", (DOCS / page).read_text(encoding="utf-8"), re.M))


def test_every_setting_is_described() -> None:
    assert rows("settings.md") == {name.upper() for name in Settings.model_fields}


def test_every_error_is_described() -> None:
    def codes(kind: type[errors.TeleLinkError]) -> Iterator[str]:
        if kind.__module__ == errors.__name__:
            yield kind.code
            for child in kind.__subclasses__():
                yield from codes(child)

    described = set(codes(errors.TeleLinkError))
    abstract = {errors.Unavailable.code, errors.RequestRejected.code}
    assert described - abstract <= rows("errors.md") <= described


def test_every_route_and_every_field_is_described(tmp_path: Path) -> None:
    paths = create_app(settings_in(tmp_path)).openapi()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert rows("api.md") == routes | {field.alias for field in FIELDS}


def test_every_page_of_documentation_can_be_reached_from_the_readme() -> None:
    """A link to a folder reaches its pages: that is what the folder shows."""
    found, waiting = set(), [checkout.ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in found and page.suffix == ".md" and page.is_file():
            found.add(page)
            waiting += [(page.parent / urlsplit(link).path).resolve() for link in links(page) if "://" not in link]
        elif page.is_dir() and page.is_relative_to(DOCS):
            waiting += page.glob("*.md")
    assert {checkout.name_of(page) for page in PAGES if page.is_relative_to(DOCS) and page not in found} == set()
