"""Pages are plain files, so some markup stands in several of them: it has to be the same everywhere, word for word."""

import re
from collections import defaultdict
from collections.abc import Iterator
from textwrap import dedent

import pytest

from app.settings import ROOT

PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "static").glob("*.html"))}
WITH_HEADER = [name for name, text in PAGES.items() if "site-header-inner" in text]
TEMPLATE = re.compile(r'^ *<template id="([\w-]+)">\n.*?^ *</template>$', re.M | re.S)
QUESTION = re.compile(r'^ *<form-field name="([\w-]+)".*?^ *</form-field>$', re.M | re.S)
HEADER = re.compile(r'^ *<a class="skip-link".*?</header>$', re.M | re.S)
ADDRESSES = ["/", "/customers.html", "/users.html", "/batch.html", "/segments.html", "/models.html", "/docs"]
PROFILE_PAGES = ("index.html", "customer.html")


def parts(pattern: re.Pattern[str], pages: Iterator[str] | tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Collect what a pattern finds: by its name, the text in each page that holds it."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for page in pages:
        for match in pattern.finditer(PAGES[page]):
            found[match[1]][page] = dedent(match[0])
    return found


TEMPLATES = parts(TEMPLATE, tuple(PAGES))
QUESTIONS = parts(QUESTION, PROFILE_PAGES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_the_same_on_every_page(name: str) -> None:
    assert len(set(TEMPLATES[name].values())) == 1, f"{name} differs between {sorted(TEMPLATES[name])}"


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_about_a_customer_is_the_same_on_every_page(name: str) -> None:
    assert len(set(QUESTIONS[name].values())) == 1, f"{name} differs between {sorted(QUESTIONS[name])}"


def test_the_customer_page_asks_for_the_whole_profile_and_not_for_the_id() -> None:
    asked = {page: {name for name, where in QUESTIONS.items() if page in where} for page in PROFILE_PAGES}
    about_outcome = {"outcome", "date"}
    assert asked["customer.html"] - about_outcome == asked["index.html"] - {"customerId"}


@pytest.mark.parametrize("page", WITH_HEADER)
def test_every_page_has_the_same_header_and_marks_itself(page: str) -> None:
    header = HEADER.search(PAGES[page])
    assert header
    bare = re.sub(r' aria-current="page"', "", header[0])
    assert bare == re.sub(r' aria-current="page"', "", HEADER.search(PAGES["index.html"])[0])  # type: ignore[index]
    assert re.findall(r'<li><a href="(.+?)">', bare) == ADDRESSES
    assert header[0].count('aria-current="page"') == (0 if page == "404.html" else 1)


def test_a_difference_would_be_seen() -> None:
    a_template = '  <template id="x">\n    <p>one</p>\n  </template>'
    assert TEMPLATE.search(a_template)
    assert len(TEMPLATES) > 10
    assert len(QUESTIONS) > 15
    assert sum(len(where) > 1 for where in TEMPLATES.values()) > 4
