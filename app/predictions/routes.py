"""GET /stats and GET /stats/history."""

from fastapi import APIRouter, Request

from app.db.engine import reading
from app.predictions import sums
from app.predictions.portfolio import by_day, summarise
from app.predictions.schemas import Stats, StatsHistory
from app.web.problems import responses

router = APIRouter(tags=["portfolio"])


@router.get("/stats", response_model=Stats, responses=responses(503))
def stats(request: Request) -> Stats:
    """Summarise the portfolio from what is stored."""
    with reading(request.app.state.engine) as connection:
        return Stats(**summarise(sums.read_portfolio(connection)))


@router.get("/stats/history", response_model=StatsHistory, responses=responses(503))
def stats_history(request: Request) -> StatsHistory:
    """Show the portfolio as it closed on each day it changed, and as it is."""
    with reading(request.app.state.engine) as connection:
        closed, now = sums.read_days(connection), sums.read_portfolio(connection)
    return StatsHistory.model_validate({"days": by_day(closed, now)})
