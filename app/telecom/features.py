"""The telecom customer's fields, and the design matrix every model version is fitted on and served with.

This is the only place that names a field, its wire alias, its column in the public churn table, its unit, range and
vocabulary. The form, the OpenAPI schema, the importer, the trainer and the model card read it from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["count", "amount", "flag", "code"]
FieldSet = Literal["core", "usage"]
Columns = Mapping[str, NDArray[np.float64]]

US_STATES: Final = (
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL", "IN", "KS", "KY", "LA",
    "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR",
    "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA", "WI", "WV", "WY",
)  # fmt: skip
YES_NO: Final = ("yes", "no")
MINUTES_IN_A_MONTH: Final = 31 * 24 * 60

USD_PER_MINUTE: Final[Mapping[str, float]] = {
    "total_day_minutes": 0.17,
    "total_eve_minutes": 0.085,
    "total_night_minutes": 0.045,
    "total_intl_minutes": 0.27,
}
"""The tariff behind the public table: its charge columns are these prices times the minutes, rounded to cents."""


@dataclass(frozen=True)
class Field:
    """One thing a person can say about a customer.

    Attributes
    ----------
    name : str
        Name inside the code and the card (snake case, unit implied by ``unit``).
    alias : str
        Name on the wire and on the form (camel case).
    column : str
        Column in the public churn table.
    label : str
        What a person reads, sentence case; messages are built from it.
    kind : {"count", "amount", "flag", "code"}
        Whole number, number with decimals, yes/no, or a word from a fixed set.
    unit : str
        Unit of the value, empty for flags and codes.
    maximum : float
        Largest value accepted; the smallest is 0.
    """

    name: str
    alias: str
    column: str
    label: str
    kind: Kind
    unit: str = ""
    maximum: float = 0.0
    vocabulary: tuple[str, ...] = ()
    example: str | float = ""

    @property
    def mid_sentence(self) -> str:
        """Name of the value inside a sentence: "account length", "number of day calls"."""
        label = self.label[0].lower() + self.label[1:]
        return f"number of {label}" if self.kind == "count" and self.unit.startswith(label.split()[-1]) else label

    @property
    def is_number(self) -> bool:
        """Whether the field holds a quantity (a count or an amount)."""
        return self.kind in ("count", "amount")


def _count(name: str, alias: str, column: str, label: str, unit: str, maximum: int, example: int) -> Field:
    return Field(name, alias, column, label, "count", unit, maximum, example=example)


def _minutes(name: str, alias: str, column: str, label: str, example: float) -> Field:
    return Field(name, alias, column, label, "amount", "minutes a month", MINUTES_IN_A_MONTH, example=example)


CORE_FIELDS: Final = (
    _count("account_length", "accountLength", "Account length", "Account length", "months", 600, 128),
    Field("state", "state", "State", "State", "code", vocabulary=US_STATES, example="KS"),
    Field("area_code", "areaCode", "Area code", "Area code", "code", example="415"),
    Field("international_plan", "internationalPlan", "International plan", "International plan", "flag", "", 1, YES_NO,
          "no"),
    Field("voice_mail_plan", "voiceMailPlan", "Voice mail plan", "Voice mail plan", "flag", "", 1, YES_NO, "yes"),
    _count("number_vmail_messages", "numberOfVmailMessages", "Number vmail messages", "Voice mail messages",
           "messages a month", 10_000, 25),
    _count("total_day_calls", "totalDayCalls", "Total day calls", "Day calls", "calls a month", 10_000, 110),
    _count("total_eve_calls", "totalEveCalls", "Total eve calls", "Evening calls", "calls a month", 10_000, 99),
    _count("total_night_calls", "totalNightCalls", "Total night calls", "Night calls", "calls a month", 10_000, 91),
    _count("total_intl_calls", "totalIntlCalls", "Total intl calls", "International calls", "calls a month", 10_000, 3),
    _count("customer_service_calls", "customerServiceCalls", "Customer service calls", "Customer service calls",
           "calls", 1_000, 1),
)  # fmt: skip

MINUTE_FIELDS: Final = (
    _minutes("total_day_minutes", "totalDayMinutes", "Total day minutes", "Day minutes", 265.1),
    _minutes("total_eve_minutes", "totalEveMinutes", "Total eve minutes", "Evening minutes", 197.4),
    _minutes("total_night_minutes", "totalNightMinutes", "Total night minutes", "Night minutes", 244.7),
    _minutes("total_intl_minutes", "totalIntlMinutes", "Total intl minutes", "International minutes", 10.0),
)

FIELDS: Final = CORE_FIELDS + MINUTE_FIELDS
CUSTOMER_ID: Final = "customerId"
"""Wire name of the caller's own key for a customer: the one thing beside the fields."""
FIELD_BY_NAME: Final[Mapping[str, Field]] = {field.name: field for field in FIELDS}

MODELLED_CORE: Final = tuple(field.name for field in CORE_FIELDS if field.kind != "code")
MINUTE_NAMES: Final = tuple(field.name for field in MINUTE_FIELDS)
CHARGE_NAMES: Final = tuple(name.replace("_minutes", "_charge_usd") for name in MINUTE_NAMES)
MONTHLY_CHARGE: Final = "monthly_charge_usd"

MODELLED_FIELDS: Final[Mapping[FieldSet, tuple[str, ...]]] = {
    "core": MODELLED_CORE,
    "usage": MODELLED_CORE + MINUTE_NAMES,
}
"""Typed fields a model reads. State and area code are accepted and stored; no model reads them (see the card)."""

DESIGN_COLUMNS: Final[Mapping[FieldSet, tuple[str, ...]]] = {
    "core": MODELLED_CORE,
    "usage": (*MODELLED_CORE, *MINUTE_NAMES, *CHARGE_NAMES, MONTHLY_CHARGE),
}
"""Columns of the design matrix, in order, for each field set."""


def charges_usd(columns: Columns) -> list[NDArray[np.float64]]:
    """Price each kind of minutes by its tariff.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        The four minute columns (float64, minutes a month).

    Returns
    -------
    list of four ndarray, each shape (n,)
        Day, evening, night and international charge (float64, USD a month), not rounded to cents.

    Raises
    ------
    KeyError
        A minute column is absent.

    Examples
    --------
    >>> minutes = {name: np.array([100.0]) for name in MINUTE_NAMES}
    >>> [charge.round(2).tolist() for charge in charges_usd(minutes)]
    [[17.0], [8.5], [4.5], [27.0]]
    """
    return [columns[name] * price for name, price in USD_PER_MINUTE.items()]


def monthly_charge_usd(columns: Columns) -> NDArray[np.float64]:
    """Sum the four charges of each customer: shape (n,), float64, USD a month."""
    day, evening, night, international = charges_usd(columns)
    return day + evening + night + international


def design_matrix(columns: Columns, field_set: FieldSet) -> NDArray[np.float32]:
    """Lay a frame of customers out as the matrix the models read.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        One float64 array for each name in ``MODELLED_FIELDS[field_set]``; flags are 0 or 1. Other columns are ignored.
    field_set : {"core", "usage"}
        Which columns to build; "usage" adds the minutes, the four charges and the monthly charge.

    Returns
    -------
    ndarray, shape (n, len(DESIGN_COLUMNS[field_set])), float32
        Columns in the order of ``DESIGN_COLUMNS``. Empty input gives shape (0, k).

    Raises
    ------
    KeyError
        A needed column is absent: nothing is filled in silently.
    """
    parts = [columns[name] for name in MODELLED_FIELDS[field_set]]
    if field_set == "usage":
        day, evening, night, international = charges_usd(columns)
        parts += [day, evening, night, international, day + evening + night + international]
    return np.array(parts).T.astype(np.float32, order="C")
