"""Fold contributions of design columns onto the fields a person typed.

A charge is a price times minutes, and the monthly charge is the sum of the four charges: nobody types either. What they
contribute belongs to the minutes behind them, and none of it is lost on the way.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.telecom.features import (
    CHARGE_NAMES,
    DESIGN_COLUMNS,
    MINUTE_NAMES,
    MODELLED_FIELDS,
    MONTHLY_CHARGE,
    USD_PER_MINUTE,
    Columns,
    FieldSet,
)

Floats = NDArray[np.float64]

NO_DEVIATION_USD: Final = 0.005
"""A monthly charge within half a cent of the typical one does not deviate from it."""
_PRICES: Final = np.array([USD_PER_MINUTE[name] for name in MINUTE_NAMES])


def bill_shares(columns: Columns, typical: Mapping[str, float]) -> Floats:
    """Share the monthly charge's contribution among the four minutes.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        The four minute columns (float64, minutes a month).
    typical : mapping of str to float
        Typical value of each of them, in the same unit.

    Returns
    -------
    ndarray, shape (n, 4), float64
        Shares, each 0 to 1, that sum to 1 in each row. A bill above the typical one is the doing of the minutes that
        are above theirs, and a bill below it of those below: in proportion to the money, price x (value - typical). A
        bill that is typical to the cent is shared in proportion to the typical money.

    Examples
    --------
    >>> usual = dict(zip(MINUTE_NAMES, (180.0, 200.0, 200.0, 10.0)))
    >>> columns = {name: np.array([value, value]) for name, value in usual.items()}
    >>> columns["total_day_minutes"] = np.array([280.0, 180.0])  # 17 USD more in the first row
    >>> columns["total_eve_minutes"] = np.array([100.0, 200.0])  # 8.50 USD less in the first row
    >>> bill_shares(columns, usual).round(2).tolist()
    [[1.0, 0.0, 0.0, 0.0], [0.52, 0.29, 0.15, 0.05]]
    """
    usual = np.array([typical[name] for name in MINUTE_NAMES])
    deviation = (np.column_stack([columns[name] for name in MINUTE_NAMES]) - usual) * _PRICES
    total = deviation.sum(axis=1, keepdims=True)
    money = usual * _PRICES if (usual > 0).any() else _PRICES
    weight = np.where(abs(total) < NO_DEVIATION_USD, money, np.maximum(np.sign(total) * deviation, 0.0))
    shares: Floats = weight / weight.sum(axis=1, keepdims=True)
    return shares


def bill_money(deviation: Floats) -> Floats:
    """Divide the monthly charge's distance from its mean among the minutes behind it.

    Parameters
    ----------
    deviation : ndarray, shape (n, k), float64
        Distance of each design column of the "usage" field set from its mean.

    Returns
    -------
    ndarray, shape (n, 4), float64, USD a month
        Price x (minutes - mean minutes). Each row sums to the distance of the monthly charge; what single precision
        rounded away from the design matrix (millionths of a USD) is spread evenly.
    """
    design = DESIGN_COLUMNS["usage"]
    money = deviation[:, [design.index(name) for name in MINUTE_NAMES]] * _PRICES
    lost = deviation[:, [design.index(MONTHLY_CHARGE)]] - money.sum(axis=1, keepdims=True)
    divided: Floats = money + lost / len(MINUTE_NAMES)
    return divided


def fold(contributions: Floats, bill_parts: Floats | None, field_set: FieldSet) -> Floats:
    """Add up what belongs to each typed field.

    Parameters
    ----------
    contributions : ndarray, shape (n, k)
        One column for each of ``DESIGN_COLUMNS[field_set]``.
    bill_parts : ndarray, shape (n, 4), or None
        The monthly charge's contribution divided among the minutes; None for a field set without minutes.

    Returns
    -------
    ndarray, shape (n, m), float64
        One column for each of ``MODELLED_FIELDS[field_set]``; each row has the same sum as before.
    """
    design, fields = DESIGN_COLUMNS[field_set], MODELLED_FIELDS[field_set]
    folded = contributions[:, [design.index(name) for name in fields]]
    if bill_parts is not None:
        minutes = [fields.index(name) for name in MINUTE_NAMES]
        folded[:, minutes] += contributions[:, [design.index(name) for name in CHARGE_NAMES]] + bill_parts
    return folded
