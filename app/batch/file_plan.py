"""What a person asks of the command line: which file, where to, and which column feeds which field."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from app.batch.mapping import columns_by_field, is_complete_and_certain, missing_fields, suggest
from app.batch.records import Delimiter, Encoding
from app.batch.scoring import Plan
from app.telecom.features import CUSTOMER_ID, FIELDS

PARQUET: Final = ".parquet"
_FIELD_NAMES: Final = {CUSTOMER_ID, *(field.alias for field in FIELDS)}
_CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "columns": (),
    "encoding": (None, *get_args(Encoding)),
    "delimiter": (None, *get_args(Delimiter)),
    "has_header": (None, True, False),
}


class FileRefused(Exception):
    """The file cannot be scored as it was asked; the message says what to do."""


@dataclass(frozen=True)
class Request:
    """What to score, and where to.

    Attributes
    ----------
    source, target : Path
        CSV, or Parquet when the name ends so.
    errors : Path or None
        CSV file for the rows that cannot be scored.
    mapping : Path or None
        JSON with the column for each field, as POST /batch/mappings takes it.
    workers : int
        Processes that score; 0 scores in this one.
    with_reasons : bool
        Whether to say why, for rows above the lowest tier.
    """

    source: Path
    target: Path
    models_dir: Path
    errors: Path | None = None
    mapping: Path | None = None
    workers: int = 0
    with_reasons: bool = False

    def check_names(self) -> None:
        """Refuse names that would overwrite each other.

        Raises
        ------
        FileRefused
            Two of the files are one, or the errors are to be Parquet.
        """
        names = [path.resolve() for path in (self.source, self.target, self.errors, self.mapping) if path]
        if len(set(names)) < len(names):
            raise FileRefused("Two of the files have the same name. Give each its own.")
        if self.errors and self.errors.suffix == PARQUET:
            raise FileRefused("The errors are written as CSV. Give that file a name that ends with .csv.")


def read_mapping(path: Path | None) -> dict[str, Any]:
    """Read a mapping file; without one, nothing is told.

    Raises
    ------
    FileRefused
        It cannot be read, or is not the JSON of a mapping.
    """
    if path is None:
        return {}
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise FileRefused(f"{path}: the mapping cannot be read as JSON ({error}).") from None
    if isinstance(told, dict) and told.keys() <= _FIELD_NAMES:
        told = {"columns": told}
    if not (isinstance(told, dict) and told.keys() <= _CHOICES.keys() and isinstance(told.get("columns"), dict)):
        raise FileRefused(f'{path}: write the mapping as {{"columns": {{"{FIELDS[0].alias}": "{FIELDS[0].column}"}}}}.')
    for name, choices in _CHOICES.items():
        if choices and told.get(name) not in choices:
            raise FileRefused(f"{path}: {name} must be one of {', '.join(json.dumps(each) for each in choices)}.")
    if unknown := sorted(told["columns"].keys() - _FIELD_NAMES):
        raise FileRefused(f"{path}: there is no field {unknown[0]}. The fields are {', '.join(sorted(_FIELD_NAMES))}.")
    return dict(told)


def plan_for(
    columns: Sequence[str], rows: Sequence[Sequence[str]], told: dict[str, Any], *, with_reasons: bool = False
) -> Plan:
    """Decide which column feeds which field: as told, or by names that leave no doubt.

    Raises
    ------
    FileRefused
        A required field has no column, or only a person can say which column it is.
    """
    mapping = told.get("columns")
    if mapping is None:
        suggested = suggest(columns, rows)
        mapping = columns_by_field(suggested)
        if not missing_fields(mapping) and not is_complete_and_certain(suggested):
            raise FileRefused(
                "Which column feeds which field is not certain. Save this as JSON, correct it and give it with "
                f"--mapping: {json.dumps({'columns': mapping}, ensure_ascii=False)}"
            )
    absent = [column for column in mapping.values() if column not in columns]
    if absent:
        raise FileRefused(f'The file has no column "{absent[0]}". Its columns are {_listed(columns)}.')
    if len(set(mapping.values())) < len(mapping):
        raise FileRefused("The mapping uses a column twice. Give each field a column of its own.")
    if missing := missing_fields(mapping):
        raise FileRefused(
            f"No column was found for {', '.join(field.mid_sentence for field in missing)}. Name the columns in a JSON "
            f"file and give it with --mapping. The file's columns are {_listed(columns)}."
        )
    return Plan(mapping, with_reasons=with_reasons)


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(f'"{column[:60]}"' for column in columns[:40])
    return f"{shown} and {len(columns) - 40} more" if len(columns) > 40 else shown
