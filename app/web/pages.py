"""The static front end, and the API documentation without a CDN."""

from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import APIRouter, FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.settings import ROOT
from app.web.security_headers import DOCS_PATH

STATIC: Final = ROOT / "static"
SWAGGER: Final = Path(fastapi_offline.__file__).parent / "static"
_REVALIDATE: Final = {"Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False)


class RevalidatedFiles(StaticFiles):
    """Static files that a browser keeps but asks about, so that a deploy shows at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve a file with its ETag."""
        response = await super().get_response(path, scope)
        response.headers.update(_REVALIDATE)
        return response


@router.get("/")
async def index() -> FileResponse:
    """Serve the page that analyses a customer."""
    return FileResponse(STATIC / "index.html", headers=_REVALIDATE)


@router.get("/customers.html")
async def customers() -> FileResponse:
    """Serve the page that lists customers."""
    return FileResponse(STATIC / "customers.html", headers=_REVALIDATE)


@router.get("/customer.html")
async def customer() -> FileResponse:
    """Serve the page of one customer."""
    return FileResponse(STATIC / "customer.html", headers=_REVALIDATE)


@router.get("/users.html")
async def users() -> FileResponse:
    """Serve the page that ranks users of an event log."""
    return FileResponse(STATIC / "users.html", headers=_REVALIDATE)


@router.get("/user.html")
async def user() -> FileResponse:
    """Serve the page of one user."""
    return FileResponse(STATIC / "user.html", headers=_REVALIDATE)


@router.get("/batch.html")
async def batch() -> FileResponse:
    """Serve the page that scores files of customers."""
    return FileResponse(STATIC / "batch.html", headers=_REVALIDATE)


@router.get("/segments.html")
async def segments() -> FileResponse:
    """Serve the page that shows customers as groups."""
    return FileResponse(STATIC / "segments.html", headers=_REVALIDATE)


@router.get("/models.html")
async def models() -> FileResponse:
    """Serve the page that shows how good a model is."""
    return FileResponse(STATIC / "models.html", headers=_REVALIDATE)


@router.get(DOCS_PATH)
async def docs() -> FileResponse:
    """Serve the interactive API documentation."""
    return FileResponse(STATIC / "docs.html", headers=_REVALIDATE)


@router.get("/favicon.ico")
async def favicon() -> FileResponse:
    """Serve the icon browsers ask for."""
    return FileResponse(STATIC / "img" / "mark.svg", media_type="image/svg+xml", headers=_REVALIDATE)


def mount(app: FastAPI) -> None:
    """Add pages and assets to the application."""
    app.include_router(router)
    app.mount("/static/swagger", RevalidatedFiles(directory=SWAGGER), name="swagger")
    app.mount("/static", RevalidatedFiles(directory=STATIC), name="static")
