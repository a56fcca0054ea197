"""Which segment a customer belongs to: the nearest centre of a sealed version, or value band by risk tier."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from app.telecom.features import FIELD_BY_NAME, MONTHLY_CHARGE, Columns, FieldSet, monthly_charge_usd
from app.telecom.policy import TIERS, VALUE_BANDS, Tier, ValueBand
from app.telecom.segmenter import Segmenter

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

Method = Literal["kmeans", "rules"]
Transform = Literal["identity", "log1p"]
CARD_SCHEMA: Final = 2
"""Layout of the card this code reads; raised when a reader would need another layout."""
MODEL_NAME: Final = "telecom-segments"
DOMESTIC_CALLS: Final = "domestic_calls"
LARGEST_ID: Final = 999
"""The largest number that a list of customers can be narrowed to."""
_DOMESTIC: Final = ("total_day_calls", "total_eve_calls", "total_night_calls")

_TRANSFORMS: Final[Mapping[Transform, Callable[[Floats], Floats]]] = {
    "identity": lambda values: values,
    "log1p": np.log1p,
}


@dataclass(frozen=True)
class Described:
    """Something customers are described by; ``flag`` values are 0 or 1 and their mean is a share."""

    name: str
    label: str
    unit: str
    flag: bool = False


def _field(name: str) -> Described:
    field = FIELD_BY_NAME[name]
    return Described(name, field.label, field.unit or "share", field.kind == "flag")


DESCRIBED: Final = (
    Described(MONTHLY_CHARGE, "Monthly bill", "USD a month"),
    _field("account_length"),
    _field("international_plan"),
    _field("number_vmail_messages"),
    _field("customer_service_calls"),
    Described(DOMESTIC_CALLS, "Domestic calls", "calls a month"),
    _field("total_intl_calls"),
)
"""Usage and value that are known with and without the minutes; a version's centres stand on some of them."""
DESCRIBED_BY_NAME: Final[Mapping[str, Described]] = {described.name: described for described in DESCRIBED}

RULE_SEGMENTS: Final[tuple[tuple[ValueBand, Tier], ...]] = tuple((band, tier) for band in VALUE_BANDS for tier in TIERS)
"""The segments when no clusters are in use: each value band by each risk tier."""


def rule_segment(tier: Integers, value_band: Integers) -> Integers:
    """Position in ``RULE_SEGMENTS`` of each pair of positions in ``policy.TIERS`` and ``policy.VALUE_BANDS``.

    Examples
    --------
    >>> [RULE_SEGMENTS[place] for place in rule_segment(np.array([0, 2]), np.array([0, 1]))]
    [('standard', 'Low'), ('high', 'High')]
    """
    return value_band * len(TIERS) + tier


def described_values(name: str, columns: Columns, field_set: FieldSet, clv_usd: Floats, remaining: float) -> Floats:
    """Read one of ``DESCRIBED`` off a frame.

    Parameters
    ----------
    name : str
        A name of ``DESCRIBED``.
    columns : mapping of str to ndarray, shape (n,)
        One float64 array per name in ``MODELLED_FIELDS[field_set]``.
    field_set : {"core", "usage"}
        With "usage" the bill is the minutes times the tariff; with "core" it is the one the lifetime value implies.
    clv_usd : ndarray, shape (n,)
        Estimated lifetime value (float64, USD).
    remaining : float
        Expected remaining months behind the lifetime value, more than 0.

    Returns
    -------
    ndarray, shape (n,)
        Values in the unit of the name.

    Raises
    ------
    KeyError
        A needed column is absent.
    """
    if name == MONTHLY_CHARGE:
        if field_set == "usage":
            return monthly_charge_usd(columns)
        return clv_usd / (columns["account_length"] + remaining)
    if name == DOMESTIC_CALLS:
        day, evening, night = (columns[part] for part in _DOMESTIC)
        return day + evening + night
    return columns[name]


@dataclass(frozen=True)
class Feature:
    """One axis of the space the centres lie in.

    Attributes
    ----------
    name : str
        A name of ``DESCRIBED``.
    transform : {"identity", "log1p"}
        Applied before standardising.
    mean, scale : float
        Of the transformed training values; ``scale`` is more than 0.
    """

    name: str
    transform: Transform
    mean: float
    scale: float

    def standardised(self, values: Floats) -> Floats:
        """Values in standard deviations from the training mean, shape (n,)."""
        return (_TRANSFORMS[self.transform](values) - self.mean) / self.scale


@dataclass(frozen=True)
class SegmentModel:
    """A sealed segment version, ready to assign.

    Attributes
    ----------
    method : {"kmeans", "rules"}
        "rules" says that nothing separated when the version was trained: it assigns nobody, see ``RULE_SEGMENTS``.
    features : tuple of Feature
        Axes of the centres; empty with "rules".
    ids : tuple of int
        Numbers of the segments, the smallest first. A number that an earlier version gave to a group which is gone is
        never given to another group, so that there may be gaps.
    centroids : ndarray, shape (k, features)
        Centres in standardised units, one for each of ``ids``; empty with "rules".
    personas : tuple of str
        What each segment is called, by number; one that is gone goes by its number, as "Segment 3".
    card : mapping
        The card it was read from.
    """

    version: str
    method: Method
    features: tuple[Feature, ...]
    ids: tuple[int, ...]
    centroids: Floats
    remaining_months: float
    personas: tuple[str, ...]
    card: Mapping[str, Any]

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "SegmentModel":
        """Read a card and let the model answer the card's golden rows.

        Raises
        ------
        KeyError, TypeError, ValueError
            The card lacks an entry, an entry breaks its own rules, the card was sealed for another layout, or the
            golden rows are not assigned as they were when it was sealed.
        """
        if (card["schema"], card["kind"]) != (CARD_SCHEMA, "segments"):
            raise ValueError("the card's schema is not this release's")
        ids = tuple(int(segment["id"]) for segment in card["segments"])
        names = {segment["id"]: segment["persona"] for segment in card["segments"]}
        known = [*ids, *card["retired"]] if card["method"] == "kmeans" else ids
        model = cls(
            version=card["version"],
            method=card["method"],
            features=tuple(
                Feature(entry["name"], entry["transform"], float(entry["mean"]), float(entry["scale"]))
                for entry in card["features"]
            ),
            ids=ids,
            centroids=np.array(card["centroids"], dtype=np.float64).reshape(
                len(card["centroids"]), len(card["features"])
            ),
            remaining_months=float(card["remaining_months"]),
            personas=tuple(names.get(number, f"Segment {number}") for number in range(min(max(known), LARGEST_ID) + 1)),
            card=card,
        )
        model._check()
        return model

    def _check(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"the method {self.method!r} is not known")
        if len(set(self.personas)) != len(self.personas):
            raise ValueError("two segments have the same name")
        if list(self.ids) != sorted(set(self.ids)) or not 0 <= self.ids[0] <= self.ids[-1] <= LARGEST_ID:
            raise ValueError(f"the segments are not numbered upwards, from 0 to {LARGEST_ID}")
        if not set(self.card["retired"]).isdisjoint(self.ids):
            raise ValueError("a segment has the number of one that is gone")
        if self.method == "rules":
            if self.ids != tuple(range(len(RULE_SEGMENTS))):
                raise ValueError("the rule segments are not this release's")
            return
        if len(self.centroids) != len(self.ids) or not self.features:
            raise ValueError("centres and segments do not match")
        if not np.isfinite(self.centroids).all() or not all(feature.scale > 0 for feature in self.features):
            raise ValueError("a centre is not a number, or a scale is not above 0")
        if unknown := {feature.name for feature in self.features} - DESCRIBED_BY_NAME.keys():
            raise ValueError(f"features are not known: {sorted(unknown)}")
        self._answer_golden_rows()

    def _answer_golden_rows(self) -> None:
        for golden in self.card["golden"]:
            columns = {name: np.array(values, dtype=np.float64) for name, values in golden["columns"].items()}
            answer = self.assign(columns, golden["field_set"], np.array(golden["clv_usd"], dtype=np.float64))
            if answer.tolist() != golden["segment"]:
                raise ValueError("its golden rows are assigned otherwise than when it was sealed")

    def assign(self, columns: Columns, field_set: FieldSet, clv_usd: Floats) -> Integers:
        """Give each customer the segment whose centre is nearest; of two as near, the one with the smaller number.

        Row i of the answer depends on row i of the input alone, bit for bit, whatever else is in the frame.

        Parameters
        ----------
        columns : mapping of str to ndarray, shape (n,)
            One float64 array per name in ``MODELLED_FIELDS[field_set]``.
        field_set : {"core", "usage"}
            Whether the minutes are among the columns.
        clv_usd : ndarray, shape (n,)
            Estimated lifetime value (float64, USD); read for "core" only, where it stands in for the bill.

        Returns
        -------
        ndarray, shape (n,), intp
            Segment of each customer; empty for an empty frame.

        Raises
        ------
        ValueError
            The version has no centres.
        """
        if not self.features:
            raise ValueError("this version has no centres: nothing separated when it was trained")
        # One feature at a time: a sum over an axis may round a single row differently from the same row in a frame.
        squared = np.zeros((len(clv_usd), len(self.centroids)))
        for place, feature in enumerate(self.features):
            values = described_values(feature.name, columns, field_set, clv_usd, self.remaining_months)
            squared += (feature.standardised(values)[:, np.newaxis] - self.centroids[:, place]) ** 2
        nearest: Integers = np.array(self.ids, dtype=np.intp)[squared.argmin(axis=1)]
        return nearest

    def segmenter(self) -> Segmenter | None:
        """Give scoring what it needs, or None when the version assigns nobody."""
        return Segmenter(self.version, self.assign, self.personas) if self.method == "kmeans" else None
