import pytest

from app.batch.detection import HEAD_BYTES, detect


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [
        (b"a,b\n1,2\n", ","),
        (b"a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        (b"a\tb\tc\n1,2\t3\t4\n", "\t"),
        (b"a|b\n1|2\n", "|"),
        (b'"a;b",c\n"1;2",3\n"1;2",4\n', ","),
        (b"only one column\nvalue\n", ","),
        (b"sep=|\r\na|b\r\n1|2\r\n", "|"),
    ],
)
def test_the_delimiter_is_the_one_that_is_consistent(head, delimiter):
    assert detect(head).delimiter == delimiter


@pytest.mark.parametrize(
    ("head", "columns", "line"),
    [
        (b"State,Calls\nKS,1\n", ("State", "Calls"), 2),
        (b"KS,1\nOH,2\n", ("Column 1", "Column 2"), 1),
        (b"\n\nState,Calls\nKS,1\n", ("State", "Calls"), 4),
        (b"a,a,a\n1,2,3\n", ("a", "a (2)", "a (3)"), 2),
        (b"a,a,a (2),\n1,2,3,4\n", ("a", "a (3)", "a (2)", "Column 4"), 2),
        (b" a ,'=b\n1,2\n", ("a", "=b"), 2),
        (b'"a\nb",c\n1,2\n', ("a\nb", "c"), 3),
        (b"name,2024,2025\nx,1,2\n", ("Column 1", "Column 2", "Column 3"), 1),
        (b"name,place,2025\nx,1,2\n", ("Column 1", "Column 2", "Column 3"), 1),
        (b"name,calls,place,minutes,2025\nx,1,2,3,4\n", ("name", "calls", "place", "minutes", "2025"), 2),
    ],
)
def test_columns_are_named_and_the_first_row_is_found(head, columns, line):
    dialect = detect(head)
    assert (dialect.columns, dialect.start.line) == (columns, line)
    assert head[dialect.start.offset :].decode().count("\n") == head.count(b"\n") - line + 1


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"a,b\n", "utf-8"),
        ("Stra\xdfe,b\n".encode(), "utf-8"),
        ("Stra\xdfe,b\n".encode("windows-1252"), "windows-1252"),
        ("\u20ac,b\n".encode("windows-1252"), "windows-1252"),
        ("a,b\n1,2\n".encode("utf-16"), "utf-16"),
        ("a,b\n1,2\n".encode("utf-16-be"), "utf-16"),
        (b"a\n" + b"x" * (HEAD_BYTES - 3) + "\xe4".encode(), "utf-8"),  # the last character is cut in two
    ],
)
def test_encodings(head, encoding):
    assert detect(head).encoding == encoding


def test_what_is_known_is_not_guessed():
    head = "1,2;\xe4\n".encode("windows-1252")
    assert detect(head, has_header=True, delimiter=";").columns == ("1,2", "\xe4")
    assert detect(head, has_header=False, delimiter=",").columns == ("Column 1", "Column 2")
    assert detect("\xe4,b\n".encode(), encoding="windows-1252").columns[0] == "\xc3\xa4"
    assert detect("a,b\n".encode("utf-16-le"), encoding="utf-16").columns == ("a", "b")
