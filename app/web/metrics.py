"""Prometheus metrics of the service; labels come from fixed sets, never from what a caller sent."""

from functools import cache
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import Scope

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_REQUESTS: Final = Counter(
    "telelink_requests_total", "Requests answered.", ["method", "route", "status"], registry=REGISTRY
)
_SECONDS: Final = Histogram(
    "telelink_request_seconds", "Time to the first byte of the answer.", ["route"], buckets=_BUCKETS, registry=REGISTRY
)
PREDICTIONS: Final = Counter(
    "telelink_predictions_total", "Predictions stored and answered.", ["model", "tier"], registry=REGISTRY
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe(scope: Scope, status: int, seconds: float) -> None:
    """Count one answer under its route's template; unknown addresses share one label."""
    route = getattr(scope.get("route"), "path", "other") or "/"
    method = scope["method"] if scope["method"] in _METHODS else "other"
    requests, durations = _series(method, route, status)
    requests.inc()
    durations.observe(seconds)


@cache
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return _REQUESTS.labels(method, route, str(status)), _SECONDS.labels(route)


def exposition() -> bytes:
    """Give the metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
