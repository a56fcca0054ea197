"""One concept, one file: files and functions stay small enough to be read at once, and no file is a drawer."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import checkout

LARGEST_PYTHON, LARGEST_SCRIPT, LARGEST_STYLE = 300, 150, 200
LARGEST_FUNCTION = 45
"""Lines of code; the aim is 40, and a few more are better than a cut in the wrong place."""
DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "tools", "stuff", "base"}
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
# Alembic keeps one step in one function, and a step is as long as the tables it makes.
FREE_FUNCTIONS = "app/db/migrations/versions/"


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Give each function's name and its lines of code: no docstring, no comment, no blank line."""
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            own = code.intersection(range(node.lineno, (node.end_lineno or 0) + 1))
            if ast.get_docstring(node) is not None:
                own -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
            yield node.name, len(own)


@pytest.mark.parametrize("path", checkout.python_files(), ids=checkout.name_of)
def test_python_stays_small(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LARGEST_PYTHON
    if not checkout.name_of(path).startswith(FREE_FUNCTIONS):
        assert [(name, size) for name, size in functions(source) if size > LARGEST_FUNCTION] == []


@pytest.mark.parametrize("path", checkout.files(".js", ".mjs"), ids=checkout.name_of)
def test_a_script_stays_small(path: Path) -> None:
    assert lines_of(path) <= LARGEST_SCRIPT


@pytest.mark.parametrize("path", checkout.files(".css"), ids=checkout.name_of)
def test_a_style_sheet_stays_small(path: Path) -> None:
    assert lines_of(path) <= LARGEST_STYLE


def test_no_file_is_a_drawer() -> None:
    code = [path for path in checkout.files() if path.suffix in ("", ".py", ".js", ".mjs", ".css", ".sh")]
    assert len(code) > 100
    named = {checkout.name_of(path) for path in code if DRAWERS & set(path.stem.replace("-", "_").split("_"))}
    assert named - {"static/css/base.css"} == set()


def test_lines_of_code_are_counted_as_said() -> None:
    source = 'def two(a):\n    """Say\n    nothing."""\n\n    # a reason\n    return (\n        a\n    )\n'
    assert list(functions(source)) == [("two", 4)]
