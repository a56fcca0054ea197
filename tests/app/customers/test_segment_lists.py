"""Segments in the customer routes: shown with a name, filtered by, and listed one by one."""

from starlette.testclient import TestClient

from app.segments.assignment import RULE_SEGMENTS
from tests.app.customers.test_routes import get, predict
from tests.factories import a_core_customer, a_customer, a_segmenter


def part(client: TestClient, *personas: str) -> None:
    """Let the service part its customers by their service calls."""
    client.app.state.telecom.segmenter = a_segmenter(*personas) if personas else None  # type: ignore[attr-defined]


def test_a_customer_has_the_segment_and_the_value_band_of_the_answer(client: TestClient) -> None:
    part(client, "Silent", "Talkers")
    for calls, send in ((0, a_customer), (1, a_core_customer)):
        answer = client.post("/predict", json=send(customerId="C-1", customerServiceCalls=calls)).json()
        named = {"id": calls, "persona": ("Silent", "Talkers")[calls]}
        assert answer["segment"] == named
        (listed,) = get(client, "/customers")["customers"]
        assert (listed["segment"], listed["value_band"]) == (named, answer["value_band"])
        assert get(client, "/customers/C-1")["prediction"] == answer
    past = get(client, "/customers/C-1/predictions")["predictions"]
    assert [entry["prediction"]["segment"]["id"] for entry in past] == [1, 0]


def test_customers_of_before_there_were_segments_have_none(client: TestClient) -> None:
    part(client)
    answer = predict(client, "C-1")
    assert answer["segment"] is None
    part(client, "Silent", "Talkers")
    (listed,) = get(client, "/customers")["customers"]
    assert listed["segment"] is None
    assert get(client, "/customers/C-1")["prediction"]["segment"] is None
    assert get(client, "/segments/0/customers") == {"customers": [], "next": None}


def test_a_segment_of_a_version_that_is_gone_goes_by_its_number(client: TestClient) -> None:
    part(client, "Silent", "Talkers", "Callers")
    predict(client, "C-1", customerServiceCalls=2)
    part(client, "Everybody")
    (listed,) = get(client, "/customers")["customers"]
    assert listed["segment"] == {"id": 2, "persona": "Segment 2"}


def test_the_customers_of_a_segment_are_the_list_narrowed_to_it(client: TestClient) -> None:
    part(client, "Silent", "Talkers")
    for number in range(5):
        predict(client, f"C-{number}", customerServiceCalls=number % 2, accountLength=20 * number + 1)
    for query in ({}, {"sort": "clv", "order": "asc"}, {"q": "C-3"}, {"min_clv": "100", "limit": 2}, {"tier": "High"}):
        page = get(client, "/segments/1/customers", **query)
        assert page == get(client, "/customers", segment=1, **query)
        assert {entry["segment"]["persona"] for entry in page["customers"]} <= {"Talkers"}
    first = get(client, "/segments/0/customers", limit=2)
    rest = get(client, "/segments/0/customers", limit=2, cursor=first["next"])
    assert len(first["customers"] + rest["customers"]) == 3
    assert get(client, "/segments/1/customers", 422, cursor=first["next"])["errors"][0]["code"] == "not_a_cursor"


def test_a_segment_that_is_not_there_is_not_found(client: TestClient) -> None:
    part(client, "Silent", "Talkers")
    for number in ("2", "99999999999999999999"):
        refused = get(client, f"/segments/{number}/customers", 404)
        assert refused["code"] == "not_found"
        assert refused["detail"] == f"There is no segment {number}. The segments are numbered from 0 to 1."
    for wrong in ("-1", "one", "1.5"):
        assert get(client, f"/segments/{wrong}/customers", 422)["errors"][0]["field"] == "segment"
    part(client)
    refused = get(client, "/segments/6/customers", 404)
    assert refused["detail"] == "There is no segment 6. The segments are numbered from 0 to 5."


def test_without_groups_the_customers_of_a_rule_are_listed(client: TestClient) -> None:
    part(client)
    client.app.state.segments.model = None  # type: ignore[attr-defined]
    for number in range(12):
        predict(client, f"C-{number}", customerServiceCalls=number % 7, accountLength=20 * number + 1)
    everybody = get(client, "/customers")["customers"]
    listed = []
    for segment in get(client, "/segments")["segments"]:
        mine = get(client, f"/segments/{segment['id']}/customers")["customers"]
        assert len(mine) == segment["portfolio"]["customers"]
        band, tier = RULE_SEGMENTS[segment["id"]]
        assert mine == get(client, "/customers", tier=tier, value_band=band)["customers"]
        for other in (
            {"tier": "Low" if tier == "High" else "High"},
            {"value_band": "high" if band != "high" else "standard"},
        ):
            assert get(client, f"/segments/{segment['id']}/customers", **other) == {"customers": [], "next": None}
        assert get(client, f"/segments/{segment['id']}/customers", tier=tier)["customers"] == mine
        listed += [customer["id"] for customer in mine]
    assert sorted(listed) == sorted(customer["id"] for customer in everybody)
    assert len(listed) == 12
