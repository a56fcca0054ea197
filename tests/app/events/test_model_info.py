"""What serves is told from the cards as they are: nothing is made up, and what a card lacks is left open."""

from typing import Any

from app.events.model_info import describe

AREA = {"value": 0.8, "low": 0.7, "high": 0.9}


def a_card(**changes: Any) -> dict[str, Any]:
    return {"name": "events-churn", "version": "3", **changes}


def test_a_bare_card_leaves_everything_open() -> None:
    assert describe(a_card()) == {
        "name": "events-churn", "version": "3", "kind": "telecom", "what": describe(a_card())["what"],
        "trained_at": None, "trained_on": {}, "label": None, "horizon_days": None, "figures": {}, "note": "",
    }  # fmt: skip


def test_figures_keep_their_intervals_and_nothing_else_is_a_figure() -> None:
    reported = {"churn": {"rows": 9, "roc_auc": AREA, "curve": [1, 2], "by_tier": {"Low": 1}}}
    told = describe(a_card(kind="events", reported=reported, oracle={"roc_auc": AREA}))
    assert told["figures"] == {"rows": 9, "roc_auc": AREA, "oracle_roc_auc": AREA}


def test_a_model_that_is_one_column_in_disguise_says_so_first() -> None:
    card = a_card(best_feature={"sentence": "One column alone does as well."}, limits=["A limit."])
    assert describe(card)["note"] == "One column alone does as well."
    assert describe(a_card(limits=["One.", "Two.", "Three."]))["note"] == "One. Two."


def test_what_it_was_trained_on_is_said_in_a_sentence_and_in_numbers() -> None:
    card = a_card(trained_on="Ten users.", data={"training": {"rows": 10, "files": ["a"]}, "seed": 1})
    assert describe(card)["trained_on"] == {"summary": "Ten users.", "rows": 10}
    assert describe(a_card(data={"users": 4, "note": "made up", "nested": {}}))["trained_on"] == {
        "users": 4, "note": "made up"
    }  # fmt: skip
