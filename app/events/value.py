"""What a user of a purchase log is worth: purchases and spend still to come, and the probability of still buying.

BG/NBD with Gamma-Gamma. While active, a user buys at random at a rate of their own, and after each repeat purchase
stops for good with a probability of their own; rates are Gamma(r, alpha) over users, the probabilities Beta(a, b). The
money of a purchase varies around the user's own mean, and those means over users, by the Gamma-Gamma model, whatever
the rate.

Nobody says in such a log that they left, so that silence is all there is to tell by. There are no seasons in the model,
and it reads nothing but purchases.

References
----------
P. S. Fader, B. G. S. Hardie, K. L. Lee (2005), "'Counting your customers' the easy way: an alternative to the
Pareto/NBD model", Marketing Science 24(2). P. S. Fader, B. G. S. Hardie (2013), "The Gamma-Gamma model of monetary
value".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import numpy as np

from app.events.columns import Events, Floats, Micros
from app.events.purchases import PurchaseSummary, has_cancelled, purchase_summary

CARD_SCHEMA: Final = 1
MODEL_NAME: Final = "events-value"
HORIZONS_DAYS: Final = (90, 365)
"""Days ahead for which purchases and spend are told."""
GOLDEN_TOLERANCE: Final = 1e-9
_SMALLEST_TERM: Final = 1e-18
_MOST_TERMS: Final = 100_000


@dataclass(frozen=True)
class ValueModel:
    """A sealed value version, ready to answer.

    Attributes
    ----------
    version : str
        Name of the version.
    r, alpha_days : float
        Shape, and rate in days, of the gamma distribution of purchase rates: ``r / alpha_days`` purchases a day.
    a, b : float
        Of the beta distribution of the probability of stopping after a repeat purchase.
    p, q : float
        Shape of a purchase's money, and of the gamma distribution of its scale; ``q`` is above 1, or no mean exists.
    v : float, in the log's currency
        Rate of the latter: a purchase is ``p v / (q - 1)`` on average over users.
    currency : str
        What the money of the log is counted in.
    trained_on : str
        The purchases behind it, as a sentence.

    Raises
    ------
    ValueError
        A parameter is not a number above 0, or ``q`` is not above 1.
    """

    version: str
    r: float
    alpha_days: float
    a: float
    b: float
    p: float
    q: float
    v: float
    currency: str
    trained_on: str

    def __post_init__(self) -> None:
        numbers = np.array([self.r, self.alpha_days, self.a, self.b, self.p, self.q, self.v], dtype=np.float64)
        if not (np.isfinite(numbers).all() and (numbers > 0).all() and self.q > 1):
            raise ValueError("a parameter of the value model is out of range")

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "ValueModel":
        """Read a card and answer its golden rows.

        Raises
        ------
        KeyError, TypeError, ValueError
            The card lacks an entry, an entry breaks the rules, the card was sealed for another layout, or the answers
            are not those it was sealed with.
        """
        if (card["schema"], card["kind"]) != (CARD_SCHEMA, "value"):
            raise ValueError("the card's schema is not this release's")
        buying, spending = (card[part]["parameters"] for part in ("buying", "spending"))
        numbers = {name: float(buying[name]) for name in ("r", "alpha_days", "a", "b")}
        numbers |= {name: float(spending[name]) for name in ("p", "q", "v")}
        model = cls(version=card["version"], **numbers, currency=card["currency"], trained_on=card["trained_on"])
        for given, answers in golden_answers(model, card["golden"]["rows"]).items():
            if not np.allclose(answers, card["golden"][given], rtol=GOLDEN_TOLERANCE, atol=GOLDEN_TOLERANCE):
                raise ValueError("its golden rows are answered otherwise than when it was sealed")
        return model

    @property
    def typical_spend(self) -> float:
        """Money a purchase brings on average over users, in the log's currency."""
        return self.p * self.v / (self.q - 1)


def golden_answers(model: ValueModel, rows: Mapping[str, Any]) -> dict[str, list[float]]:
    """Answer summaries given as lists by the names of ``PurchaseSummary``, everybody a buyer."""
    columns = {name: np.array(values, dtype=np.float64) for name, values in rows.items()}
    summary = PurchaseSummary(has_bought=np.ones(len(columns["frequency"]), dtype=np.bool_), **columns)
    answers = {f"purchases_{days}_days": expected_purchases(model, summary, days) for days in HORIZONS_DAYS}
    answers |= {"probability_alive": probability_alive(model, summary), "spend": spend_per_purchase(model, summary)}
    return {name: values.tolist() for name, values in answers.items()}


def probability_alive(model: ValueModel, summary: PurchaseSummary) -> Floats:
    """Give the probability that each user still buys at the date of the summary.

    Parameters
    ----------
    model : ValueModel
        Its ``r``, ``alpha_days``, ``a`` and ``b`` are read.
    summary : PurchaseSummary
        Of n users; a row without a purchase is answered as one who bought just now.

    Returns
    -------
    ndarray, shape (n,)
        ``1 / (1 + [x > 0] a / (b + x - 1) ((alpha + T) / (alpha + t_x)) ** (r + x))``, with x repeat days, the last at
        age t_x, of a user of age T days. Who never bought again is alive for certain: the model lets nobody stop but
        after a repeat purchase.

    References
    ----------
    P. S. Fader, B. G. S. Hardie (2008), "Computing P(alive) using the BG/NBD model".
    """
    x = summary.frequency
    has_repeated = x > 0
    longer = np.log1p((summary.age_days - summary.recency_days) / (model.alpha_days + summary.recency_days))
    log_odds = np.log(model.a) - np.log(np.where(has_repeated, model.b + x - 1, 1.0)) + (model.r + x) * longer
    alive: Floats = np.where(has_repeated, 0.5 * (1 - np.tanh(log_odds / 2)), 1.0)
    return alive


def expected_purchases(model: ValueModel, summary: PurchaseSummary, days: float) -> Floats:
    """Give the purchases to expect of each user in the days from the date of the summary on.

    Parameters
    ----------
    model : ValueModel
        Its ``r``, ``alpha_days``, ``a`` and ``b`` are read.
    summary : PurchaseSummary
        Of n users; row i of the answer depends on row i alone.
    days : float
        Days ahead, 0 or more.

    Returns
    -------
    ndarray, shape (n,)
        Days with a purchase, on average over users with this history: equation 10 of Fader, Hardie and Lee (2005). Its
        Gaussian hypergeometric function is transformed by Euler's identity, which leaves a series in
        ``z = days / (alpha + T + days)`` without a singularity at ``a = 1`` and with small terms for many purchases.

    Raises
    ------
    ValueError
        ``days`` is below 0.
    """
    if not days >= 0:
        raise ValueError("the days ahead cannot be below 0")
    ratio = days / (model.alpha_days + summary.age_days)
    return probability_alive(model, summary) * _purchases_of_the_alive(model, summary.frequency, ratio)


def _purchases_of_the_alive(model: ValueModel, x: Floats, ratio: Floats) -> Floats:
    """Sum ``c (1 - (1 - z) ** e F(a + b - 1 - r, e; c; z)) / e`` for ``e = a - 1`` and ``c = a + b + x - 1``."""
    e, c = model.a - 1, model.a + model.b + x - 1
    log_rest, z = -np.log1p(ratio), ratio / (1 + ratio)
    raised = np.expm1(e * log_rest) / e if e else log_rest
    first = model.a + model.b - 1 - model.r
    # The series times c / e, without its leading 1. A row is finished by its own terms, whatever else is in the frame.
    term = first * z
    total = term.copy()
    left = np.flatnonzero(term)
    for n in range(1, _MOST_TERMS):
        if not len(left):
            break
        term = term[left] if n == 1 else term
        term = term * ((first + n) * (e + n) / ((c[left] + n) * (n + 1)) * z[left])
        total[left] += term
        goes_on = np.abs(term) > _SMALLEST_TERM * np.abs(total[left])
        left, term = left[goes_on], term[goes_on]
    expected: Floats = -c * raised - np.exp(e * log_rest) * total
    return np.maximum(expected, 0.0)


def median_purchases(model: ValueModel, summary: PurchaseSummary, days: float) -> Floats:
    """Give the number of purchases that each user stays at or below with a probability of a half, shape (n,).

    It is the forecast to judge by absolute errors, as the expected number is by squared ones.

    References
    ----------
    T. Gneiting (2011), "Making and evaluating point forecasts", Journal of the American Statistical Association 106.
    """
    median = np.zeros(len(summary))
    for y, at_most in zip(range(_MOST_TERMS), chances_of_at_most(model, summary, days), strict=False):
        if not (is_more := at_most < 0.5).any():
            break
        median[is_more] = y + 1
    return median


def chances_of_at_most(model: ValueModel, summary: PurchaseSummary, days: float) -> Iterator[Floats]:
    """Yield the probability, shape (n,), that each user buys at most 0, 1, 2, ... times in the days ahead, without end.

    Who is active and goes on buys as a negative binomial; who stops does so after a purchase that still came in time.
    """
    if not days >= 0:
        raise ValueError("the days ahead cannot be below 0")
    x, alive = summary.frequency, probability_alive(model, summary)
    z = days / (model.alpha_days + summary.age_days + days)
    log_bought, stayed, stopping = (model.r + x) * np.log1p(-z), np.ones(len(x)), np.zeros(len(x))
    at_most, bought_less = 1 - alive, np.zeros(len(x))
    for y in count():
        bought = np.exp(log_bought)
        at_most = at_most + alive * (stayed * bought + stopping * (1 - bought_less))
        yield at_most
        bought_less = bought_less + bought
        stopping = stayed * model.a / (model.a + model.b + x + y)
        stayed = stayed * (model.b + x + y) / (model.a + model.b + x + y)
        log_bought = log_bought + np.log((model.r + x + y) / (y + 1) * np.maximum(z, 1e-300))


def spend_per_purchase(model: ValueModel, summary: PurchaseSummary) -> Floats:
    """Give the money to expect of each user's next purchase.

    Returns
    -------
    ndarray, shape (n,), in the log's currency
        ``p (v + x m) / (p x + q - 1)`` with the mean m of x repeat days: between the user's own mean and
        ``typical_spend``, nearer to the latter the fewer days there are, and equal to it for who bought once.
    """
    x, mean = summary.spend_days, summary.mean_spend
    spend: Floats = model.p * (model.v + x * mean) / (model.p * x + model.q - 1)
    return spend


def value_of(user_events: Events, as_of: Micros, model: ValueModel) -> dict[str, Any] | None:
    """Answer what one user is worth, as GET /users/{user_id}/churn says it.

    Parameters
    ----------
    user_events : Events
        All events of one user, who is the only one in ``user_ids``.
    as_of : int, microseconds since 1970-01-01 UTC
        Nothing at or after it is read.
    model : ValueModel
        The version that answers.

    Returns
    -------
    dict or None
        Probability of still buying, expected purchases and spend by days ahead, currency and a note; None for a user
        without a purchase. Who cancelled and has not bought since is expected to buy nothing.

    Raises
    ------
    ValueError
        The frame does not name exactly one user.
    """
    if len(user_events.user_ids) != 1:
        raise ValueError("the value is that of one user")
    summary = purchase_summary(user_events, as_of)
    if not summary.has_bought[0]:
        return None
    stays = 0.0 if has_cancelled(user_events, as_of)[0] else 1.0
    spend = float(spend_per_purchase(model, summary)[0])
    expected = {days: stays * float(expected_purchases(model, summary, days)[0]) for days in HORIZONS_DAYS}
    return {
        "probability_alive": round(stays * float(probability_alive(model, summary)[0]), 6),
        "purchases": [{"days": days, "expected": round(number, 4)} for days, number in expected.items()],
        "spend": [{"days": days, "expected": round(number * spend, 2)} for days, number in expected.items()],
        "currency": model.currency,
        "note": _note(summary, bool(stays), model),
    }


def _note(summary: PurchaseSummary, stays: bool, model: ValueModel) -> str:
    days = int(summary.frequency[0]) + 1
    told = f"From {days:,} days with a purchase" if days > 1 else "From a single day with a purchase"
    if not stays:
        return f"{told}; the user has cancelled since, so nothing more is expected."
    return f"{told}; an average over users with such a history, without seasons. {model.trained_on}"
