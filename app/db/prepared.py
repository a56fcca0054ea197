"""Core statements compiled once: SQLAlchemy writes the SQL, and each execution costs little more than the driver's."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.sql.expression import ClauseElement


class Prepared:
    """A Core statement that is executed thousands of times a second.

    Compiling anew, even from SQLAlchemy's cache, costs several times what SQLite needs for the row itself. Values are
    passed to the driver as they are: columns whose type converts values are not for this class.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, tuple[str, ...]]] = {}

    def one(self, connection: Connection, row: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute with one set of named values."""
        sql, names = self._for(connection.dialect)
        return connection.exec_driver_sql(sql, tuple([row[name] for name in names]))

    def many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once for each row; nothing happens for no rows."""
        if rows:
            sql, names = self._for(connection.dialect)
            connection.exec_driver_sql(sql, [tuple([row[name] for name in names]) for row in rows])

    def _for(self, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
        if dialect.name not in self._compiled:
            compiled = self._statement.compile(dialect=dialect)
            self._compiled[dialect.name] = (str(compiled), tuple(compiled.positiontup or ()))  # type: ignore[attr-defined]
        return self._compiled[dialect.name]
