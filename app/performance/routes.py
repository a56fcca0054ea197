"""GET /models/{name}/versions and everything a version can say about how good it is."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathParameter
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.performance import report, schemas
from app.performance.money import Inputs
from app.performance.parameters import ChosenCutPoint, inputs_of
from app.performance.service import PerformanceService
from app.web.charts import Chart
from app.web.problems import responses

router = APIRouter(tags=["models"])

VERSION: Final = "/models/{name}/versions/{version}"
_HTML: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}, "description": "The printable card"}
}
Name = Annotated[str, PathParameter(description="See GET /models.", examples=["telecom-usage"])]
Version = Annotated[str, PathParameter(description="See GET /models/{name}/versions.", examples=["2"])]
ChartId = Annotated[str, PathParameter(description="`roc`, `profit` and so on.", examples=["roc"])]
Assumed = Annotated[Inputs, Depends(inputs_of)]


def service_of(request: Request) -> PerformanceService:
    """Find the service that this application keeps."""
    service: PerformanceService = request.app.state.performance
    return service


Service = Annotated[PerformanceService, Depends(service_of)]


@router.get("/models/{name}/versions", response_model=schemas.VersionList, responses=responses(404))
def versions(service: Service, name: Name) -> dict[str, Any]:
    """List a model's sealed versions, newest first."""
    return service.versions(name)


@router.get(VERSION, responses=responses(404))
def version_card(service: Service, name: Name, version: Version) -> dict[str, Any]:
    """Show the card of any version: data, method, figures with intervals, assumptions, limits."""
    return service.card(name, version)


@router.get(f"{VERSION}/performance", response_model=schemas.Performance, responses=responses(404))
def performance(service: Service, name: Name, version: Version) -> dict[str, Any]:
    """Show everything a version's page needs at first: figures, charts, tables and limits."""
    return service.performance(name, version)


@router.get(f"{VERSION}/charts/{{chart_id}}", response_model=Chart, responses=responses(404, 422))
def chart(service: Service, name: Name, version: Version, chart_id: ChartId, inputs: Assumed) -> dict[str, Any]:
    """Show one chart; the profit curve takes the parameters of /profit."""
    return service.chart(name, version, chart_id, inputs)


@router.get(f"{VERSION}/confusion", response_model=schemas.Confusion, responses=responses(404, 422))
def confusion(service: Service, name: Name, version: Version, cut_point: ChosenCutPoint = None) -> dict[str, Any]:
    """Count who would be called rightly and wrongly at a cut-point, with the figures that follow."""
    return service.confusion(name, version, cut_point)


@router.get(f"{VERSION}/thresholds", response_model=schemas.Thresholds, responses=responses(404))
def thresholds(service: Service, name: Name, version: Version) -> Any:
    """Show what each of a row of cut-points decides."""
    return service.opened(name, version).page["thresholds"]


@router.get(f"{VERSION}/comparison", response_model=schemas.Comparison, responses=responses(404))
def comparison(service: Service, name: Name, version: Version) -> Any:
    """Compare the model with its rivals in the same folds."""
    return service.opened(name, version).page["comparison"]


@router.get(f"{VERSION}/importance", response_model=schemas.Importance, responses=responses(404))
def importance(service: Service, name: Name, version: Version) -> Any:
    """Show what moves the score, by SHAP and by permutation."""
    return service.opened(name, version).page["importance"]


@router.get(f"{VERSION}/slices", response_model=schemas.Slices, responses=responses(404))
def slices(service: Service, name: Name, version: Version) -> Any:
    """Show the figures by state, area code and plan; small parts are counted and not shown."""
    return service.opened(name, version).page["slices"]


@router.get(f"{VERSION}/clv", response_model=schemas.ClvPerformance, responses=responses(404))
def clv(service: Service, name: Name, version: Version) -> Any:
    """Show how well the lifetime value's formula is reproduced."""
    return service.opened(name, version).page["clv"]


@router.get(f"{VERSION}/profit", response_model=schemas.Profit, responses=responses(404, 422))
def profit(service: Service, name: Name, version: Version, inputs: Assumed) -> dict[str, Any]:
    """Work out what calling earns over cut-points, the best one, and four policies."""
    return service.profit(name, version, inputs)


@router.get(f"{VERSION}/policy.json", response_model=schemas.CutPointPolicy, responses=responses(404, 422))
def policy(
    service: Service, name: Name, version: Version, inputs: Assumed, cut_point: ChosenCutPoint = None
) -> Response:
    """Download a chosen cut-point with what it rests on; nothing changes by it."""
    chosen = service.policy(name, version, inputs, cut_point)
    return JSONResponse(chosen, headers={"Content-Disposition": f'attachment; filename="{name}-{version}-policy.json"'})


@router.get(f"{VERSION}/report", response_class=HTMLResponse, responses={**_HTML, **responses(404)})
def printed_card(service: Service, name: Name, version: Version) -> Response:
    """Print the model card: one page of HTML that needs nothing else, laid out for A4."""
    return HTMLResponse(report.render(service.opened(name, version)), headers=report.headers())
