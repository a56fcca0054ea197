"""What a segment is called and what is said of it: generated from the numbers that set it apart, and from no other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.segments.assignment import DESCRIBED, DESCRIBED_BY_NAME, DOMESTIC_CALLS, RULE_SEGMENTS
from app.telecom.features import MONTHLY_CHARGE
from app.telecom.policy import TIER_CUT_POINTS, TIERS, VALUE_BANDS, VALUE_QUANTILES

Floats = NDArray[np.float64]

TRUE_FROM: Final = 3 / 10  # a decimal like the cut-points' would read as one of them
"""Standard deviations from everybody's mean from which a name that was given before is still true."""
TOLD: Final = 3
"""Differences that the first sentence tells, and the most that a name is made of."""
DECIMALS: Final = 4
ALL_CUSTOMERS: Final = "all customers"


@dataclass(frozen=True)
class Difference:
    """How far a segment's mean lies from everybody's.

    Attributes
    ----------
    feature, label, unit : str
        As in ``DESCRIBED``.
    mean, overall_mean : float
        Of the segment and of all training customers, in the unit.
    standardised : float
        Difference of the two in standard deviations of all training customers.
    """

    feature: str
    label: str
    unit: str
    mean: float
    overall_mean: float
    standardised: float


@dataclass(frozen=True)
class Trait:
    """A difference in words: as the subject of a name, and as what is added to one."""

    subject: str
    addition: str


TRAITS: Final[Mapping[tuple[str, bool], Trait]] = {
    (MONTHLY_CHARGE, True): Trait("High-bill customers", "with a high bill"),
    (MONTHLY_CHARGE, False): Trait("Low-bill customers", "with a low bill"),
    ("account_length", True): Trait("Long-standing customers", "of long standing"),
    ("account_length", False): Trait("Newer customers", "of shorter standing"),
    ("international_plan", True): Trait("International plan holders", "with the international plan"),
    ("international_plan", False): Trait("Customers without the international plan", "without the international plan"),
    ("number_vmail_messages", True): Trait("Voice mail users", "with voice mail"),
    ("number_vmail_messages", False): Trait("Customers without voice mail", "without voice mail"),
    ("customer_service_calls", True): Trait("Frequent service callers", "who often call customer service"),
    ("customer_service_calls", False): Trait("Quiet customers", "who seldom call customer service"),
    (DOMESTIC_CALLS, True): Trait("Frequent callers", "who call a lot"),
    (DOMESTIC_CALLS, False): Trait("Occasional callers", "who call little"),
    ("total_intl_calls", True): Trait("Callers abroad", "who call abroad a lot"),
    ("total_intl_calls", False): Trait("Customers who seldom call abroad", "who seldom call abroad"),
}
"""A trait for each of ``DESCRIBED``, above and below everybody's mean."""


def differences(means: Mapping[str, float], overall: Mapping[str, tuple[float, float]]) -> list[Difference]:
    """Rank what sets a segment apart.

    Parameters
    ----------
    means : mapping of str to float
        The segment's mean of each of ``DESCRIBED``.
    overall : mapping of str to (float, float)
        Mean and standard deviation over all training customers; a deviation of 0 makes the difference 0.

    Returns
    -------
    list of Difference
        One for each of ``DESCRIBED``, the largest standardised one first, ties in the order of ``DESCRIBED``; every
        number is rounded to 4 decimals, and what is said later is said from the rounded ones.
    """
    found = []
    for described in DESCRIBED:
        mean, (overall_mean, deviation) = means[described.name], overall[described.name]
        standardised = (mean - overall_mean) / deviation if deviation > 0 else 0.0
        numbers = (round(float(number), DECIMALS) for number in (mean, overall_mean, standardised))
        found.append(Difference(described.name, described.label, described.unit, *numbers))
    return sorted(found, key=lambda difference: -abs(difference.standardised))


def persona_names(ranked: Sequence[Sequence[Difference]], kept: Mapping[int, str]) -> list[str]:
    """Name every segment; no two names are equal.

    Parameters
    ----------
    ranked : sequence of sequences of Difference
        What sets each segment apart, as ``differences`` gives it.
    kept : mapping of int to str
        Segments that were known before, and what they are called: these names stay while they are true.

    Returns
    -------
    list of str
        By segment. A new name is made of as few traits as tell it from the others, at most three; segments that even
        these do not tell apart are numbered.
    """
    kept = {segment: name for segment, name in kept.items() if is_true(name, ranked[segment])}
    by_length = [[_name(found[: length + 1]) for found in ranked] for length in range(TOLD)]
    names: list[str] = [kept.get(segment, "") for segment in range(len(ranked))]
    for segment in range(len(ranked)):
        if segment in kept:
            continue
        candidates = [
            candidate[segment]
            for candidate in by_length
            if candidate.count(candidate[segment]) == 1 and candidate[segment] not in names
        ]
        names[segment] = candidates[0] if candidates else _numbered(by_length[-1][segment], names)
    return names


def is_true(name: str, ranked: Iterable[Difference]) -> bool:
    """Say whether a segment still has each trait in its name: on the same side, and far enough from everybody.

    Examples
    --------
    >>> bill = Difference("monthly_charge_usd", "Monthly bill", "USD a month", 71.84, 59.4, 1.2)
    >>> is_true("High-bill customers", [bill]), is_true("Low-bill customers", [bill])
    (True, False)
    """
    apart = {difference.feature: difference.standardised for difference in ranked}
    told = [side for side, trait in TRAITS.items() if trait.subject in name or trait.addition in name]
    return all((apart[feature] if above else -apart[feature]) >= TRUE_FROM for feature, above in told)


def _name(told: Sequence[Difference]) -> str:
    traits = [TRAITS[difference.feature, difference.standardised >= 0] for difference in told]
    first, *others = traits
    additions = [trait.addition for trait in others]
    return " ".join([first.subject, " and ".join(additions)]).strip()


def _numbered(name: str, taken: Iterable[str]) -> str:
    others = set(taken)
    number = 1
    while (numbered := f"{name}, group {number}") in others:
        number += 1
    return numbered


def apart_sentence(ranked: Sequence[Difference]) -> str:
    """Say what sets a segment apart: its three largest differences, each beside everybody's mean.

    Examples
    --------
    >>> bill = Difference("monthly_charge_usd", "Monthly bill", "USD a month", 71.84, 59.4, 1.2)
    >>> plan = Difference("international_plan", "International plan", "share", 0.0, 0.1013, -0.3)
    >>> apart_sentence([bill, plan])
    'Monthly bill 71.84 USD a month (all customers: 59.40); international plan 0 % (all customers: 10.1 %).'
    """
    parts: list[str] = []
    for difference in ranked[:TOLD]:
        label = difference.label if not parts else difference.label[0].lower() + difference.label[1:]
        mean, overall = (shown(difference.feature, number) for number in (difference.mean, difference.overall_mean))
        parts.append(" ".join([label, mean, *_unit_words(difference), f"({ALL_CUSTOMERS}: {overall})"]))
    return "; ".join(parts) + "."


def _unit_words(difference: Difference) -> list[str]:
    """Give the words of a unit, without one that the label has just said."""
    words = [] if DESCRIBED_BY_NAME[difference.feature].flag else difference.unit.split()
    return words[1:] if words[:1] == difference.label.lower().split()[-1:] else words


def shown(feature: str, number: float) -> str:
    """Write a mean of a described feature as a person reads it: a share in per cent, money with cents."""
    if DESCRIBED_BY_NAME[feature].flag:
        return per_cent(number)
    return f"{number:,.2f}" if feature == MONTHLY_CHARGE else f"{number:,.1f}"


def per_cent(share: float) -> str:
    """Write a share in per cent with a decimal, and without one when it is whole.

    Examples
    --------
    >>> [per_cent(share) for share in (0.1013, 1.0, 0.0)]
    ['10.1 %', '100 %', '0 %']
    """
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def worth_sentence(share: float, churn_rate: Mapping[str, float], mean_clv_usd: float) -> str:
    """Say how large a segment is, how many of it left, and what its customers are worth.

    Parameters
    ----------
    share : float
        Of the training customers.
    churn_rate : mapping
        ``value``, ``low`` and ``high`` of the share that left.
    mean_clv_usd : float
        Mean estimated lifetime value (USD).

    Examples
    --------
    >>> worth_sentence(0.1, {"value": 0.43, "low": 0.38, "high": 0.49}, 7912.4)
    '10 % of the training customers: 43 % of them left (38 % to 49 %), and one is worth 7,912 USD on average.'
    """
    value, low, high = (per_cent(churn_rate[name]) for name in ("value", "low", "high"))
    return (
        f"{per_cent(share)} of the training customers: {value} of them left ({low} to {high}), "
        f"and one is worth {mean_clv_usd:,.0f} USD on average."
    )


def rule_personas() -> tuple[str, ...]:
    """Name the segments of ``RULE_SEGMENTS``.

    Examples
    --------
    >>> rule_personas()[0], rule_personas()[-1]
    ('Standard value, low risk', 'High value, high risk')
    """
    return tuple(f"{band.capitalize()} value, {tier.lower()} risk" for band, tier in RULE_SEGMENTS)


def rule_sentence(segment: int) -> str:
    """Say who belongs to one of ``RULE_SEGMENTS``, in the policy's numbers.

    Examples
    --------
    >>> rule_sentence(5)
    'Estimated lifetime value in the top 33 % of the training customers; probability of leaving 30 % or more.'
    """
    band, tier = RULE_SEGMENTS[segment]
    (quantile,) = VALUE_QUANTILES
    place = "top" if band == VALUE_BANDS[-1] else "lower"
    share = 1 - quantile if band == VALUE_BANDS[-1] else quantile
    cuts = [f"{100 * cut:g} %" for cut in TIER_CUT_POINTS]
    risk = dict(
        zip(TIERS, (f"below {cuts[0]}", f"from {cuts[0]} to below {cuts[1]}", f"{cuts[1]} or more"), strict=True)
    )
    return (
        f"Estimated lifetime value in the {place} {100 * share:.0f} % of the training customers; "
        f"probability of leaving {risk[tier]}."
    )
