from pathlib import Path

from sqlalchemy import Engine, text

from app.db.checkpoint import checkpoint
from tests.databases import postgresql_only, sqlite_only


def log_of(engine: Engine) -> Path:
    return Path(f"{engine.url.database}-wal")


def fill(engine: Engine, rows: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS ballast (content TEXT)"))
        connection.execute(text("INSERT INTO ballast VALUES (:content)"), [{"content": "x" * 4_000}] * rows)


@sqlite_only
def test_a_large_log_begins_anew(engine: Engine) -> None:
    fill(engine, 3_000)
    large = log_of(engine).stat().st_size
    checkpoint(engine, large_bytes=1)
    fill(engine, 1)
    assert log_of(engine).stat().st_size < large / 2
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM ballast")).scalar() == 3_001


@sqlite_only
def test_a_small_log_is_left_alone(engine: Engine) -> None:
    fill(engine, 3_000)
    size = log_of(engine).stat().st_size
    checkpoint(engine, large_bytes=size + 1)
    fill(engine, 1)
    assert log_of(engine).stat().st_size > size


@sqlite_only
def test_a_log_that_somebody_reads_is_kept_for_them(engine: Engine) -> None:
    with engine.connect().execution_options(read_only=True) as reader:
        reader.execute(text("SELECT tier FROM portfolio")).all()
        fill(engine, 2_000)
        checkpoint(engine, large_bytes=1)
        assert len(reader.execute(text("SELECT tier FROM portfolio")).all()) == 3
    checkpoint(engine, large_bytes=1)


@postgresql_only
def test_postgresql_looks_after_its_own_log(engine: Engine) -> None:
    checkpoint(engine, large_bytes=0)
