"""Turn a log into training rows: a user at a date, with features from before it and a label from after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.events.columns import DAY_US, Events, Micros, key_of
from app.events.feature_table import FEATURE_NAMES, Windows
from app.events.features import features_as_of
from app.events.labels import (
    USUAL_SHARE,
    LabelKind,
    Labels,
    explicit,
    in_population,
    log_end,
    proxy,
    silence,
    usual_level,
)
from app.events.leaks import check_forward, check_sees_no_future
from app.performance.held_out import ROUNDS

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

FOLDS: Final = 5
LEAK_CHECK_USERS: Final = 500
"""Users whose features are computed twice, with and without the future, before anything is fitted."""


@dataclass(frozen=True)
class Question:
    """What a model is asked: over which windows, and what leaving means.

    Attributes
    ----------
    windows : Windows
        Of the features; the population is active in the observation window.
    horizon_days, lead_days : int
        Leaving is looked for in [as_of + lead, as_of + lead + horizon).
    label : {"explicit", "silence", "proxy"}
        As ``labels`` defines it.
    usual_share : float
        For the proxy label: share of the usual level under which a user has left.
    seasons : bool
        Whether the year is taken to repeat, where the training dates span most of one.
    """

    windows: Windows
    horizon_days: int
    lead_days: int
    label: LabelKind
    usual_share: float = USUAL_SHARE
    seasons: bool = True

    @property
    def label_days(self) -> int:
        """Days after a date until its labels are known."""
        return self.lead_days + self.horizon_days

    def labels_of(self, events: Events, as_of: Micros) -> Labels:
        """Label every user of a log at a date; raises LogTooShort when that is not known yet."""
        if self.label == "explicit":
            return explicit(events, as_of, self.horizon_days, self.lead_days)
        if self.label == "silence":
            return silence(events, as_of, self.horizon_days, self.lead_days)
        usual = usual_level(events, as_of, self.windows.observation_days)
        return proxy(events, as_of, self.horizon_days, usual, self.usual_share, self.lead_days)


@dataclass(frozen=True, eq=False)
class Rows:
    """Users at dates; a user may have several rows, at most one a date.

    Attributes
    ----------
    values : ndarray of float64, shape (n, k)
        Features, in the order of ``features``.
    left : ndarray of bool, shape (n,)
    user : ndarray of str, shape (n,)
    as_of : ndarray of int64, shape (n,), microseconds since 1970 UTC
    features : tuple of str
    """

    values: Floats
    left: Booleans
    user: NDArray[np.str_]
    as_of: NDArray[np.int64]
    features: tuple[str, ...] = FEATURE_NAMES

    def __len__(self) -> int:
        return len(self.left)

    @property
    def design(self) -> NDArray[np.float32]:
        """The features as models read them."""
        return np.ascontiguousarray(self.values, dtype=np.float32)

    @property
    def person(self) -> NDArray[np.intp]:
        """Code of each row's user, from 0."""
        return np.unique(self.user, return_inverse=True)[1]

    @property
    def fold(self) -> NDArray[np.intp]:
        """Fold of each row's user, from the id alone: the same at every date and in every log."""
        ids, place = np.unique(self.user, return_inverse=True)
        return np.array([key_of(str(user_id)) % FOLDS for user_id in ids], dtype=np.intp)[place]

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Rows":
        """Choose rows by a mask or by position."""
        return Rows(self.values[chosen], self.left[chosen], self.user[chosen], self.as_of[chosen], self.features)

    def only(self, names: Sequence[str]) -> "Rows":
        """Choose features, in the order given."""
        places = [self.features.index(name) for name in names]
        return Rows(self.values[:, places], self.left, self.user, self.as_of, tuple(names))


def rows_at(events: Events, dates: Sequence[Micros], question: Question) -> Rows:
    """Compute the rows of a log at some dates: the users in the population whose label is defined.

    Raises
    ------
    LogTooShort
        The labels of a date are not known yet.
    ValueError
        There is no date.
    """
    parts = [_rows_at(events, as_of, question) for as_of in dates]
    return Rows(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.user for part in parts]),
        np.concatenate([part.as_of for part in parts]),
    )


def grid_dates(events: Events, question: Question, step_days: int) -> tuple[list[Micros], Micros]:
    """Choose dates for a log: the last one whose labels are known is for testing, earlier ones for training.

    Training dates end where their labels were complete on the day of the test, and go back in steps as long as the log
    fills the observation window.

    Returns
    -------
    training : list of int, microseconds since 1970 UTC
        Oldest first.
    test : int

    Raises
    ------
    ValueError
        The log is too short for a training date and a test date.
    """
    start = -(-int(events.ts.min()) // DAY_US) * DAY_US if len(events) else 0
    test = log_end(events) - question.label_days * DAY_US
    last, first = test - question.label_days * DAY_US, start + question.windows.observation_days * DAY_US
    if last < first:
        least = question.windows.observation_days + 2 * question.label_days
        raise ValueError(f"the log is too short: a training date and a later test date need {least} days")
    return list(range(last, first - 1, -step_days * DAY_US))[::-1], test


def check_grid(events: Events, training: Sequence[Micros], test: Sequence[Micros], question: Question) -> None:
    """Refuse dates out of order, and features that see past their date; raises LeakFound."""
    check_forward(training, test, question.label_days)
    few = min(LEAK_CHECK_USERS, len(events.user_ids))
    chosen = events.take((events.user >= 0) & (events.user < few))
    check_sees_no_future(
        lambda log: features_as_of(log, training[-1], question.windows).values, FEATURE_NAMES, chosen, training[-1]
    )


def person_resamples(rows: Rows, seed: int) -> Floats:
    """Draw bootstrap resamples of whole users, with all their rows: shape (1 + ROUNDS, n).

    Row 0 counts everybody once. A user's rows at several dates are not independent, so they come and go together. A
    resample without one of the two outcomes is drawn again.

    Raises
    ------
    ValueError
        Only one outcome occurs, so that no resample has both.
    """
    if rows.left.all() or not rows.left.any():
        raise ValueError("every date needs users who left and users who stayed: change the label, horizon or dates")
    random = np.random.default_rng(seed)
    person = rows.person
    persons = int(person.max()) + 1
    weights = np.ones((1 + ROUNDS, len(rows)))
    for row in weights[1:]:
        while True:
            row[:] = np.bincount(random.integers(0, persons, persons), minlength=persons)[person]
            if 0 < row @ rows.left < row.sum():
                break
    return weights


def _rows_at(events: Events, as_of: Micros, question: Question) -> Rows:
    frame = features_as_of(events, as_of, question.windows)
    labels = question.labels_of(events, as_of)
    chosen = in_population(events, as_of, question.windows.observation_days) & labels.defined
    user = np.array(frame.user_ids, dtype=np.str_)[chosen]
    return Rows(frame.values[chosen], labels.left[chosen], user, np.full(int(chosen.sum()), as_of, dtype=np.int64))
