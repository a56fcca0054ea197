"""What a file says beside the scores: the reasons of a row, in one cell."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from app.batch.answering import Explain, Models
from app.errors import SealBroken
from app.explanations.contributions import explain
from app.explanations.sentences import Reason, reasons
from app.explanations.trees import TREES, Forest
from app.registry.artifacts import read_verified
from app.telecom.features import Columns
from app.telecom.scoring import ScoringModel

MOST_REASONS: Final = 3
DIRECTIONS: Final = {"up": "Raises", "down": "Lowers"}


def explainer(models_dir: Path, models: Models) -> Explain:
    """Read the trees of the versions that answer, and give what explains a frame of rows.

    Raises
    ------
    SealBroken
        A version was sealed without trees, or they cannot be used.
    """
    forests = {field_set: _forest(models_dir / model.name / model.version) for field_set, model in models.items()}

    def explain_rows(columns: Columns, model: ScoringModel) -> list[str]:
        explained = explain(columns, model, forests[model.field_set])
        return [one_cell(reasons(explained, columns, model.typical, row)) for row in range(len(explained.total))]

    return explain_rows


def one_cell(found: Iterable[Reason]) -> str:
    """Write the sentences of the largest reasons, each behind a word that says which way it points.

    Examples
    --------
    >>> one_cell([Reason("up", "state", 0.1, "A; b"), Reason("down", "area_code", -0.2, "C")])
    'Lowers: C | Raises: A; b'
    """
    largest = sorted(found, key=lambda reason: -abs(reason.contribution))[:MOST_REASONS]
    return " | ".join(f"{DIRECTIONS[reason.direction]}: {reason.text}" for reason in largest)


def _forest(folder: Path) -> Forest:
    name = f"{folder.parent.name}/{folder.name}"
    try:
        return Forest.from_npz(read_verified(folder)[TREES])
    except KeyError:
        raise SealBroken(f"{name}: it was sealed without {TREES}, so it gives no reasons.") from None
    except ValueError as error:
        raise SealBroken(f"{name}: {TREES} cannot be used ({error}).") from error
