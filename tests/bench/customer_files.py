"""Write CSV files of simulated customers, any number of them, in the words that people write."""

from pathlib import Path

from app.telecom.features import CORE_FIELDS, FIELDS
from training.simulate import simulate

SLICE = 100_000


def write_customers(path: Path, customers: int, seed: int = 1) -> Path:
    """Write that many customers with ids in order; the same seed gives the same file."""
    for number, first in enumerate(range(0, customers, SLICE)):
        frame = simulate(min(SLICE, customers - first), seed=seed * 1_000 + number)
        named = frame[[field.name for field in FIELDS]].rename(columns={field.name: field.column for field in FIELDS})
        for field in CORE_FIELDS:
            if field.kind == "flag":
                named[field.column] = named[field.column].map({1.0: "Yes", 0.0: "No"})
            elif field.kind == "count":
                named[field.column] = named[field.column].astype(int)
        named.insert(0, "Customer id", [f"C-{key:08d}" for key in range(first, first + len(named))])
        named.to_csv(path, mode="a" if number else "w", header=not number, index=False, lineterminator="\r\n")
    return path
