"""Everything that can go wrong, as one tree.

TeleLinkError
|-- SettingsInvalid            the service does not start
|-- SealBroken                 a model version is refused
|-- RequestRejected            the caller can mend it (4xx)
|   |-- MalformedJson          400
|   |-- NotFound               404
|   |-- MethodNotAllowed       405
|   |-- BodyTooLarge           413
|   |-- UnsupportedMediaType   415
|   |-- InvalidRequest         422, with one entry per field
|   `-- HeadersTooLarge        431
`-- Unavailable                the caller can try again (503 with Retry-After)
    |-- DatabaseBusy
    |-- DatabaseUnavailable
    |-- StorageFull
    |-- ModelNotReady
    `-- ShuttingDown

Each class carries its HTTP status and a stable code; its docstring is the sentence a user reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldProblem:
    """One thing to correct: the field as the caller wrote it, what to do, and the row in a batch (from 0)."""

    field: str
    code: str
    message: str
    row: int | None = None


class TeleLinkError(Exception):
    """Something went wrong on our side. Try again; if it happens again, report the request id."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or " ".join((type(self).__doc__ or "").split())
        super().__init__(self.detail)


class SettingsInvalid(TeleLinkError):
    """A setting has a wrong value. Correct the environment variable and start again."""

    code = "settings_invalid"
    title = "Setting not usable"


class SealBroken(TeleLinkError):
    """The model version does not match its seal, so it is not loaded. Restore or retrain it."""

    code = "seal_broken"
    title = "Model version refused"


class RequestRejected(TeleLinkError):
    """The request cannot be answered as it was sent. Correct it and send it again."""

    status = 400
    code = "request_rejected"
    title = "Request rejected"


class MalformedJson(RequestRejected):
    """The body is not valid JSON. Send one UTF-8 JSON value, without duplicate keys, NaN or Infinity."""

    code = "malformed_json"
    title = "Malformed JSON"


class NotFound(RequestRejected):
    """There is nothing at this address. Check the address, or start at the home page."""

    status = 404
    code = "not_found"
    title = "Not found"


class MethodNotAllowed(RequestRejected):
    """This address does not answer that method. See /docs for the methods it answers."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class BodyTooLarge(RequestRejected):
    """The body is larger than this address accepts. Send it in smaller parts."""

    status = 413
    code = "body_too_large"
    title = "Body too large"


class UnsupportedMediaType(RequestRejected):
    """Send the body as application/json, without a content encoding."""

    status = 415
    code = "unsupported_media_type"
    title = "Unsupported media type"


class InvalidRequest(RequestRejected):
    """There is a problem with what was sent. Correct the fields listed and send it again."""

    status = 422
    code = "invalid_request"
    title = "There is a problem"

    def __init__(self, problems: Sequence[FieldProblem], detail: str | None = None) -> None:
        super().__init__(detail)
        self.problems = tuple(problems)


class HeadersTooLarge(RequestRejected):
    """The request headers are too many or too long. Send fewer or shorter headers."""

    status = 431
    code = "headers_too_large"
    title = "Headers too large"


class Unavailable(TeleLinkError):
    """The service cannot answer right now. Try again in a moment."""

    status = 503
    code = "unavailable"
    title = "Not available right now"
    retry_after_seconds: ClassVar[int] = 2


class DatabaseBusy(Unavailable):
    """The database is busy, and nothing was stored. Try again in a moment."""

    code = "database_busy"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, and nothing was stored. Try again in a moment."""

    code = "database_unavailable"
    retry_after_seconds = 5


class StorageFull(Unavailable):
    """The disk is full, so nothing was stored. Free some space on the data folder; the service resumes by itself."""

    code = "storage_full"
    retry_after_seconds = 30


class ModelNotReady(Unavailable):
    """The models are not loaded. See /health for the reason."""

    code = "model_not_ready"
    retry_after_seconds = 5


class ShuttingDown(Unavailable):
    """The service is stopping, and nothing was stored. Send the request again to its successor."""

    code = "shutting_down"
