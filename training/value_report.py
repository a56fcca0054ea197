"""The card of a value version as a person reads it: parameters, tables of predicted against actual, and errors."""

from collections.abc import Mapping
from typing import Any

from training.value_holdout import RIVAL


def report(card: Mapping[str, Any]) -> str:
    """Write the parameters, the tables of predicted against actual and the errors as plain text."""
    lines = [card["trained_on"]]
    for part in ("buying", "spending"):
        told = card[part]
        values = [
            f"{name} {value:.4g} " + ("[open]" if bounds is None else f"[{bounds[0]:.4g}, {bounds[1]:.4g}]")
            for (name, value), bounds in zip(told["parameters"].items(), told["intervals"].values(), strict=True)
        ]
        lines.append(f"{told['model']}, {told['customers']:,} customers: " + ", ".join(values))
    judged = card["holdout"]
    if judged is None:
        return "\n".join([*lines, "The log is too short to judge a forecast."]) + "\n"
    lines.append(f"Calibrated on {judged['customers']:,} customers up to {judged['as_of']}")
    for horizon in judged["horizons"]:
        lines += _table(horizon, card["currency"])
    return "\n".join(lines) + "\n"


def _table(horizon: Mapping[str, Any], currency: str) -> list[str]:
    lines = [f"\nPurchases in {horizon['days']} days, mean by repeat purchases before"]
    names = ("actual", "expected", "median", RIVAL)
    lines.append(f"{'before':>8}{'customers':>11}" + "".join(f"{name.replace('_', ' '):>21}" for name in names))
    for row in horizon["by_frequency"]:
        cells = "".join(f"{row['purchases'][name]:>21.3f}" for name in names)
        lines.append(f"{row['frequency']:>8}{row['customers']:>11,}{cells}")
    for what, unit in (("purchases", "purchases"), ("spend", currency)):
        for error, difference in (("mae", "mae_minus_rival"), ("rmse", "mse_minus_rival")):
            told = horizon[what]
            values = ", ".join(f"{name.replace('_', ' ')} {value:,.4f}" for name, value in told[error].items())
            apart = ", ".join(
                f"{name.replace('_', ' ')} {entry['value']:+,.4f} [{entry['low']:+,.4f}, {entry['high']:+,.4f}]"
                for name, entry in told[difference].items()
            )
            lines += [f"{what} {error} ({unit}): {values}", f"    {difference.replace('_', ' ')}: {apart}"]
    return lines
