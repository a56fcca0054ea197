"""A parameter of a raw path holds whatever the caller encoded, and nothing the caller did not."""

import pytest
from fastapi import APIRouter, FastAPI
from starlette.testclient import TestClient

from app.web.raw_path_route import RawPathRoute


@pytest.fixture
def here() -> TestClient:
    router = APIRouter(route_class=RawPathRoute)

    @router.get("/things/{thing}")
    def one(thing: str) -> str:
        return thing

    @router.get("/things/{thing}/parts/{part}")
    def part(thing: str, part: str) -> list[str]:
        return [thing, part]

    @router.delete("/things/{thing}")
    def gone(thing: str) -> None:
        return None

    app = FastAPI()
    app.include_router(router)
    return TestClient(app)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/things/a", "a"),
        ("/things/a%2Fb", "a/b"),
        ("/things/a%2Fparts%2Fb", "a/parts/b"),
        ("/things/%2525", "%25"),
        ("/things/%C3%A9", "é"),
        ("/things/a+b%20c", "a+b c"),
        ("/things/%3Fq%23f", "?q#f"),
        ("/things/a%2Fb/parts/c%2Fd", ["a/b", "c/d"]),
    ],
)
def test_a_parameter_is_decoded_once(here: TestClient, path: str, answer: object) -> None:
    assert here.get(path).json() == answer


@pytest.mark.parametrize("path", ["/things/a/b", "/things/", "/things/%FF", "/things/%ED%A0%80", "/things/a/parts/"])
def test_other_addresses_are_nothing_here(here: TestClient, path: str) -> None:
    assert here.get(path).status_code == 404


def test_another_method_is_told_so(here: TestClient) -> None:
    refused = here.post("/things/a%2Fb")
    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET")
