"""Every environment variable the service reads: name, type, default and one sentence."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.errors import SettingsInvalid

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Settings of one process; the environment variable is the attribute's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="", case_sensitive=False, env_ignore_empty=True, frozen=True)

    host: str = Field("127.0.0.1", description="Address the service listens on; 0.0.0.0 inside a container.")
    port: int = Field(8000, ge=0, le=65535, description="Port the service listens on; 0 takes any free port.")
    data_dir: Path = Field(ROOT / "data", description="Folder the service writes to; the only one.")
    database_url: str = Field(
        "", description="Address of the database, sqlite:/// or postgresql://; empty means SQLite in DATA_DIR."
    )
    models_dir: Path = Field(ROOT / "models", description="Folder of sealed model versions; only read.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line that is written; debug adds one line per request."
    )
    max_body_kib: int = Field(64, ge=1, le=1024, description="Largest body of a single-customer request, in KiB.")
    max_batch_body_kib: int = Field(
        12_288,
        ge=1,
        le=65_536,
        description="Largest body of many customers, events or user ids, in KiB; 10,000 customers need 5,000.",
    )
    max_upload_mib: int = Field(500, ge=1, le=102_400, description="Largest CSV file of POST /batch/jobs, in MiB.")
    queue_url: str = Field(
        "",
        description="Queue of the batch jobs: empty for SQLite in DATA_DIR, or a postgresql:// or redis:// address; "
        "redis needs the package of that name.",
    )
    job_memory_mib: int = Field(
        450, ge=150, le=65_536, description="Memory of the job processes together; a job that needs more is failed."
    )
    job_files_days: int = Field(
        30, ge=1, le=3_650, description="Days that results and errors of a batch job can be downloaded."
    )
    write_timeout_seconds: float = Field(
        5.0, gt=0, le=60, description="Longest wait for the database to store an answer before it is a 503."
    )
    max_waiting_writes: int = Field(
        2_000, ge=1, le=1_000_000, description="Answers that may wait for the database before new ones get a 503."
    )
    shutdown_seconds: int = Field(
        20, ge=1, le=300, description="Time open requests get to finish after SIGTERM before they are cut."
    )

    @property
    def batch_dir(self) -> Path:
        """Folder of the batch jobs' files, one folder a job."""
        return self.data_dir.resolve() / "batch"

    def as_environment(self) -> dict[str, str]:
        """Write the settings as the environment variables another process of this service reads."""
        return {name.upper(): str(getattr(self, name)) for name in type(self).model_fields}

    @property
    def resolved_database_url(self) -> str:
        """DATABASE_URL, or the embedded SQLite file in DATA_DIR."""
        if self.database_url:
            return self.database_url
        # Not pasted together: a folder may hold characters that mean something in an address.
        file = URL.create("sqlite", database=str(self.data_dir.resolve() / "telelink.db"))
        return file.render_as_string(hide_password=False)

    @field_validator("queue_url")
    @classmethod
    def _known_queue(cls, value: str) -> str:
        if value and not value.startswith(("postgresql://", "redis://", "rediss://")):
            raise ValueError("leave it empty, or name a postgresql:// or redis:// address")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value


def load_settings() -> Settings:
    """Read the environment once.

    Raises
    ------
    SettingsInvalid
        A value is wrong; the sentence names the variable, the rule and not the value.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise SettingsInvalid(f"{str(first['loc'][0]).upper()}: {first['msg']}.") from None
    _need_folder("DATA_DIR", settings.data_dir)
    if settings.database_url and (file := _database_file(settings.database_url)) is not None:
        _need_folder("DATABASE_URL", file.parent)
    if not settings.models_dir.is_dir():
        raise SettingsInvalid("MODELS_DIR: there is no such folder.")
    return settings


def _database_file(url: str) -> Path | None:
    """Find the file an SQLite address names; None for PostgreSQL, whose address must name a server and a database."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsInvalid("DATABASE_URL: not a database address.") from None
    if address.drivername in ("postgresql", "postgresql+psycopg"):
        if not address.database:
            raise SettingsInvalid(
                "DATABASE_URL: name the database after the server: postgresql://user@server/database."
            )
        if "@" in (address.host or ""):
            # Half of the password would be taken for the server's name, and printed as such.
            raise SettingsInvalid("DATABASE_URL: write the password's special characters percent-encoded (@ is %40).")
        return None
    if address.drivername != "sqlite":
        raise SettingsInvalid("DATABASE_URL: begin it with sqlite:// or postgresql://; nothing else is supported.")
    if address.database in (None, "", ":memory:"):
        raise SettingsInvalid("DATABASE_URL: name a file for SQLite, with three slashes and a path.")
    return Path(str(address.database)).resolve()


def _need_folder(variable: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsInvalid(f"{variable}: the folder cannot be made ({error.strerror}).") from None
    if not os.access(folder, os.W_OK):
        raise SettingsInvalid(f"{variable}: the folder cannot be written to by this user.")
