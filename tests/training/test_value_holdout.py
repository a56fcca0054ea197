import numpy as np
import pytest

from app.events.columns import CODE_OF_KIND, DAY_US
from app.events.purchases import purchase_summary
from tests.app.events.logs import at, frame, row
from training.event_simulator import simulate_log
from training.largest_likelihood import FitRefused
from training.value_holdout import MOST_FREQUENCY, RIVAL, hold_out, paired_difference

DAYS, CALIBRATED, HORIZON = 300, 180, 90


@pytest.fixture(scope="module")
def log():
    simulated = simulate_log(1500, DAYS, 3, events_per_session=4.0)
    events = simulated.identified()
    return events.take(np.isin(events.kind, [CODE_OF_KIND["purchase"], CODE_OF_KIND["cancel"]])), simulated.start


@pytest.fixture(scope="module")
def judged(log):
    events, start = log
    return hold_out(events, start + CALIBRATED * DAY_US, [HORIZON], seed=0)


def test_every_buyer_is_in_one_row_of_the_table(judged, log):
    events, start = log
    summary = purchase_summary(events, start + CALIBRATED * DAY_US)
    table = judged["horizons"][0]["by_frequency"]
    frequency = summary.frequency[summary.has_bought]
    expected = [int((frequency == value).sum()) for value in range(MOST_FREQUENCY)]
    assert [line["customers"] for line in table] == [*expected, int((frequency >= MOST_FREQUENCY).sum())]
    assert sum(line["customers"] for line in table) == judged["customers"]
    assert [line["frequency"] for line in table] == [*(str(value) for value in range(MOST_FREQUENCY)), "7+"]


def test_what_was_bought_is_counted_in_days_within_the_horizon(judged, log):
    events, start = log
    calibrated = start + CALIBRATED * DAY_US
    known = set(np.flatnonzero(purchase_summary(events, calibrated).has_bought).tolist())
    for name, begin in (("actual", calibrated), (RIVAL, calibrated - HORIZON * DAY_US)):
        inside = (events.ts >= begin) & (events.ts < begin + HORIZON * DAY_US)
        inside &= events.kind == CODE_OF_KIND["purchase"]
        pairs = set(zip(events.user[inside].tolist(), (events.ts[inside] // DAY_US).tolist(), strict=True))
        assert judged["horizons"][0]["purchases"]["total"][name] == sum(user in known for user, _ in pairs)


def test_what_was_spent_is_the_money_within_the_horizon(judged, log):
    events, start = log
    calibrated = start + CALIBRATED * DAY_US
    has_bought = purchase_summary(events, calibrated).has_bought
    for name, begin in (("actual", calibrated), (RIVAL, calibrated - HORIZON * DAY_US)):
        inside = (events.ts >= begin) & (events.ts < begin + HORIZON * DAY_US) & has_bought[events.user]
        spent = events.value[inside & (events.kind == CODE_OF_KIND["purchase"])].sum()
        assert judged["horizons"][0]["spend"]["total"][name] == pytest.approx(spent, abs=0.01)


def test_forecasts_on_the_simulator_beat_the_period_before(judged):
    purchases = judged["horizons"][0]["purchases"]
    for forecast in ("expected", "median"):
        assert purchases["mae_minus_rival"][forecast]["high"] < 0
        assert purchases["mae"][forecast] < purchases["mae"][RIVAL]
    assert purchases["total"]["expected"] == pytest.approx(purchases["total"]["actual"], rel=0.15)


def test_what_comes_after_the_horizon_changes_nothing_and_what_comes_in_it_not_the_forecast(judged, log):
    events, start = log
    calibrated = start + CALIBRATED * DAY_US
    cut = events.take(events.ts < calibrated + (HORIZON + 1) * DAY_US)
    assert hold_out(cut, calibrated, [HORIZON], seed=0) == judged
    emptied = hold_out(cut.take((cut.ts < calibrated) | (cut.ts >= cut.ts.max() - DAY_US)), calibrated, [HORIZON], 0)
    assert emptied["parameters"] == judged["parameters"]
    before, after = (each["horizons"][0]["purchases"]["total"] for each in (judged, emptied))
    assert {name: after[name] for name in ("expected", "median", RIVAL)} == {
        name: before[name] for name in ("expected", "median", RIVAL)
    }
    assert after["actual"] < before["actual"]


def test_a_forecast_for_who_cancelled_is_none(log, judged):
    events, start = log
    calibrated = start + CALIBRATED * DAY_US
    gone = np.flatnonzero(events.kind == CODE_OF_KIND["cancel"])
    without = hold_out(events.take(np.setdiff1d(np.arange(len(events)), gone)), calibrated, [HORIZON], 0)
    expected = [each["horizons"][0]["purchases"]["total"]["expected"] for each in (judged, without)]
    assert expected[0] < 0.98 * expected[1]


@pytest.mark.parametrize(("days", "calibrated"), [(HORIZON, 60), (HORIZON, 240)])
def test_a_log_that_does_not_reach_is_refused(log, days, calibrated):
    events, start = log
    with pytest.raises(ValueError, match="does not reach"):
        hold_out(events, start + calibrated * DAY_US, [days], 0)


def test_too_few_purchases_are_refused():
    few = frame([row(at(day), kind="purchase", value=1.0) for day in range(100)])
    with pytest.raises(FitRefused):
        hold_out(few, at(50), [10], 0)


def test_money_is_net_of_refunds(log, judged):
    events, start = log
    calibrated = start + CALIBRATED * DAY_US
    spent = judged["horizons"][0]["spend"]["total"]["actual"]
    refunded = np.where(events.ts >= calibrated, CODE_OF_KIND["refund"], events.kind).astype(np.int16)
    both = type(events)(**{**{name: getattr(events, name) for name in events.__dataclass_fields__}, "kind": refunded})
    returned = hold_out(both, calibrated, [HORIZON], 0)["horizons"][0]["spend"]["total"]["actual"]
    assert returned == pytest.approx(-spent)


def test_an_interval_holds_the_mean_difference_of_pairs():
    random = np.random.default_rng(0)
    own, rival = random.normal(1.0, 1, 400), random.normal(1.2, 1, 400)
    told = paired_difference(own, rival, seed=1)
    assert told["value"] == pytest.approx((own - rival).mean(), abs=1e-6)
    assert told["low"] < told["value"] < told["high"]
    assert told["high"] - told["low"] == pytest.approx(2 * 1.96 * (own - rival).std() / 20, rel=0.15)
    assert paired_difference(own, own, seed=1) == {"value": 0, "low": 0, "high": 0}
