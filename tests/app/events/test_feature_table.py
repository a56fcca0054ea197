from collections import Counter

import numpy as np
import pytest

from app.events.columns import DAY_US
from app.events.feature_table import (
    FEATURE_NAMES,
    FEATURES,
    GROUPS,
    SUMMARY_FEATURES,
    Windows,
    feature_rows,
)
from app.events.features import features_as_of
from tests.app.events.logs import simulated


def test_there_are_at_least_forty_features_in_eight_groups():
    assert len(FEATURES) >= 40
    assert list(dict.fromkeys(feature.group for feature in FEATURES)) == list(GROUPS)
    assert min(Counter(feature.group for feature in FEATURES).values()) >= 4


def test_every_feature_has_a_name_a_meaning_a_unit_and_a_label_of_its_own():
    for column in zip(*feature_rows(), strict=True):
        assert all(text == text.strip() != "" for text in column)
    for texts in (FEATURE_NAMES, [each.meaning for each in FEATURES], [each.label for each in FEATURES]):
        assert len(set(texts)) == len(FEATURES)
    assert all("\n" not in feature.meaning for feature in FEATURES)
    assert all(feature.meaning[-1] not in "." for feature in FEATURES)


def test_labels_name_the_days_of_the_windows():
    labels = [feature.label_in(Windows(181, 61)) for feature in FEATURES]
    assert not any("{" in label for label in labels)
    assert [label for label in labels if "181" in label and "61" in label] == []
    for feature, label in zip(FEATURES, labels, strict=True):
        assert ("61" in label) == feature.name.endswith("_recent")


def test_the_summary_is_four_of_the_features():
    assert len(SUMMARY_FEATURES) == 4
    assert set(SUMMARY_FEATURES) < set(FEATURE_NAMES)


@pytest.mark.parametrize(("observation", "recent"), [(90, 46), (90, 0), (1, 1), (0, 0), (10, -1)])
def test_windows_that_do_not_fit_are_refused(observation, recent):
    with pytest.raises(ValueError, match="recent window"):
        Windows(observation, recent)


def test_no_feature_is_the_others_put_together():
    log = simulated(users=2_000)
    frame = features_as_of(log.events, log.start + 100 * DAY_US, Windows())
    values = frame.values[frame.active]
    scaled = (values - values.mean(axis=0)) / np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0)
    varied = scaled[:, values.std(axis=0) > 0]
    assert np.linalg.matrix_rank(varied, tol=1e-6 * len(varied)) == varied.shape[1]
    together = np.abs(np.corrcoef(varied.T)) - np.eye(varied.shape[1])
    assert together.max() < 0.999
