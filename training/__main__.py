"""`python -m training`: retrain every telecom model from the public table, seal the versions, point the aliases.

The segments come last: they describe customers by what the versions that now answer say of them.
"""

import argparse
import sys
import time
from pathlib import Path

from app.registry.service import load_registry
from app.segments.assignment import MODEL_NAME
from app.telecom.champions import scoring_models
from app.telecom.features import FieldSet
from training.datasets import file_digest, load_bigml
from training.fitting import use_all_cores
from training.sealing import keep_pipeline, point_champion, write_version
from training.segments import train_segments
from training.telecom import Source, Trained, train_field_set

ROOT = Path(__file__).resolve().parent.parent
FIELD_SETS: tuple[FieldSet, ...] = ("core", "usage")
SEGMENTS = "segments"


def main(arguments: list[str] | None = None) -> int:
    """Train, seal and report; returns the process's exit code."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    training, reporting = (_source(options.data / name) for name in (options.training_file, options.reporting_file))
    version = options.version or _next_version(options.models_dir)
    if options.only == SEGMENTS:
        return _seal_segments(options, version, training)
    trained = [train_field_set(field_set, version, training, reporting, options.seed) for field_set in FIELD_SETS]
    for result in trained:
        name = result.card["name"]
        folder = write_version(options.models_dir, result.card, result.files)
        point_champion(options.models_dir, name, version)
        if options.pipelines:
            pipelines = {"churn": result.churn_pipeline, "clv": result.clv.pipeline}
            keep_pipeline(options.pipelines / name / version, pipelines)
        sys.stdout.write(f"sealed {folder}\n{_summary(result)}")
    _seal_segments(options, version, training)
    sys.stdout.write(f"done in {time.monotonic() - started:.0f} s\n")
    return 0


def _seal_segments(options: argparse.Namespace, version: str, training: Source) -> int:
    """Find the segments with the champions that now lie in the folder, and seal them."""
    registry = load_registry(options.models_dir)
    before = registry.champions.get(MODEL_NAME)
    card = train_segments(version, training, scoring_models(registry), before.card if before else None, options.seed)
    folder = write_version(options.models_dir, card, {})
    point_champion(options.models_dir, MODEL_NAME, version)
    told = [f"  {segment['customers']:5} {segment['persona']}" for segment in card["segments"]]
    sys.stdout.write("\n".join([f"sealed {folder}", f"  {card['finding']}", *told]) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data/telecom_bigml",
                        help="folder with the two BigML files")  # fmt: skip
    parser.add_argument("--training-file", default="churn-bigml-80.csv", help="file to train on")
    parser.add_argument("--reporting-file", default="churn-bigml-20.csv", help="file for the card's held-out figures")
    parser.add_argument("--models-dir", type=Path, default=ROOT / "models", help="where versions are sealed")
    parser.add_argument("--pipelines", type=Path, help="also keep the fitted pipelines here, for a notebook")
    parser.add_argument("--version", help="name of the new version; the default is the next whole number")
    parser.add_argument("--only", choices=[SEGMENTS], help="seal segments alone, with the champions as they are")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    return parser


def _source(path: Path) -> Source:
    return Source(load_bigml(path), path.name, file_digest(path))


def _next_version(models_dir: Path) -> str:
    taken = [int(folder.name) for folder in models_dir.glob("telecom-*/*") if folder.name.isdecimal()]
    return str(max(taken, default=0) + 1)


def _summary(result: Trained) -> str:
    figures = result.card["reported"]
    churn, clv = figures["churn"], figures["clv"]
    lines = [f"  cut {churn['cut_point']}  always-no accuracy {churn['majority_share']:.3f}"]
    for group in (churn, clv):
        lines += [
            f"  {name:27} {figure['value']:.4f}"
            + (f"  [{figure['low']:.4f}, {figure['high']:.4f}]" if "low" in figure else "")
            for name, figure in group.items()
            if isinstance(figure, dict)
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    use_all_cores()
    sys.exit(main())
