"""GET /stats."""

from fastapi import APIRouter, Request
from sqlalchemy.exc import DBAPIError

from app.db.engine import as_unavailable
from app.predictions import store
from app.predictions.portfolio import summarise
from app.predictions.schemas import Stats
from app.web.problems import responses

router = APIRouter(tags=["portfolio"])


@router.get("/stats", response_model=Stats, responses=responses(503))
def stats(request: Request) -> Stats:
    """Summarise the portfolio from what is stored."""
    try:
        with request.app.state.engine.connect().execution_options(read_only=True) as connection:
            return Stats(**summarise(store.read_portfolio(connection)))
    except DBAPIError as error:
        raise as_unavailable(error) from error
