import numpy as np
import pytest

from tests.bench.event_features import measure_event_features


def test_what_features_cost_is_measured_in_a_process_of_its_own():
    figures = measure_event_features(events=5_000, users=60)
    assert set(figures) == {"event_features_seconds", "event_features_memory_mib", "one_user_features_ms"}
    assert all(np.isfinite(figure) and figure > 0 for figure in figures.values())


def test_a_log_with_too_few_events_is_refused():
    with pytest.raises(RuntimeError, match="of 5,000,000"):
        measure_event_features(events=5_000_000, users=10)
