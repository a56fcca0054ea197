"""Core statements compiled once: SQLAlchemy writes the SQL, and each execution costs little more than the driver's."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.sql.expression import ClauseElement

Values = tuple[Any, ...]
_NO_VALUES: Final[Values] = ()


class Prepared:
    """A Core statement that is executed thousands of times a second.

    Compiling anew, even from SQLAlchemy's cache, costs several times what SQLite needs for the row itself. Values are
    passed to the driver as they are: columns whose type converts values are not for this class.

    Parameters
    ----------
    statement : ClauseElement, or mapping of str to ClauseElement
        One for both databases, or one for each by its dialect's name.
    called : mapping of str to str
        What rows call a value that the statement calls otherwise: laying each row out anew would cost more.
    """

    def __init__(
        self, statement: ClauseElement | Mapping[str, ClauseElement], called: Mapping[str, str] | None = None
    ) -> None:
        self._statement = statement
        self._called = called or {}
        self._compiled: dict[str, tuple[str, Callable[[Mapping[str, Any]], Values]]] = {}

    def one(self, connection: Connection, row: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute with one set of named values."""
        sql, values = self._for(connection.dialect)
        return connection.exec_driver_sql(sql, values(row))

    def many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once for each row; nothing happens for no rows."""
        if rows:
            sql, values = self._for(connection.dialect)
            connection.exec_driver_sql(sql, list(map(values, rows)))

    def _for(self, dialect: Dialect) -> tuple[str, Callable[[Mapping[str, Any]], Values]]:
        if dialect.name not in self._compiled:
            statement = self._statement if isinstance(self._statement, ClauseElement) else self._statement[dialect.name]
            compiled: Any = statement.compile(dialect=dialect)
            names = [self._called.get(name, name) for name in compiled.positiontup or ()]
            self._compiled[dialect.name] = (str(compiled), _values_of(names))
        return self._compiled[dialect.name]


def _values_of(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Values]:
    """Pick the values of a row; ``itemgetter`` does it fastest, but gives no tuple for fewer than two."""
    if len(names) > 1:
        return itemgetter(*names)
    return (lambda row: (row[names[0]],)) if names else lambda _: _NO_VALUES
