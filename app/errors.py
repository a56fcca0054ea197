"""Everything that can go wrong, as one tree.

TeleLinkError
|-- SettingsInvalid            the service does not start
|-- SealBroken                 a model version is refused
|-- RequestRejected            the caller can mend it (4xx)
|   |-- MalformedJson          400
|   |-- NotFound               404
|   |   |-- CustomerNotFound
|   |   |-- JobNotFound
|   |   |-- PredictionNotFound
|   |   |-- UserNotFound
|   |   `-- VersionGone
|   |-- MethodNotAllowed       405
|   |-- Conflict               409
|   |   |-- JobNotFinished
|   |   |-- JobFinished
|   |   |-- ErasureWaitsForJob
|   |   |-- AnswerErased
|   |   `-- IdempotencyKeyReused
|   |-- BodyTooLarge           413
|   |   `-- FileTooLarge
|   |-- UnsupportedMediaType   415
|   |-- InvalidRequest         422, with one entry per field
|   |-- NotCsvFile             422
|   |-- NotEventFile           422
|   `-- HeadersTooLarge        431
`-- Unavailable                the caller can try again (503 with Retry-After)
    |-- DatabaseBusy
    |-- DatabaseUnavailable
    |-- StorageFull
    |-- ModelNotReady
    |-- ExplanationsBusy
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


class CustomerNotFound(NotFound):
    """There is no customer with this id. Check the id, or look for it in the list of customers."""

    code = "customer_not_found"
    title = "Customer not found"


class JobNotFound(NotFound):
    """There is no job with this id. See the list of jobs."""

    code = "job_not_found"
    title = "Job not found"


class PredictionNotFound(NotFound):
    """There is no prediction with this id. Check the id; a customer's predictions end when the customer is erased."""

    code = "prediction_not_found"
    title = "Prediction not found"


class UserNotFound(NotFound):
    """There is no user with this id in the log. Check the id, or look for it in the list of users."""

    code = "user_not_found"
    title = "User not found"


class VersionGone(NotFound):
    """This model version is not on this server. Its stored answers stand; score the customer again for a new one."""

    code = "version_gone"
    title = "Model version not found"


class MethodNotAllowed(RequestRejected):
    """This address does not answer that method. See /docs for the methods it answers."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class Conflict(RequestRejected):
    """This cannot be done in the present state. Look at the state first."""

    status = 409
    code = "conflict"
    title = "Not possible now"


class JobNotFinished(Conflict):
    """The job is still at work. Its files can be downloaded once it has ended."""

    code = "job_not_finished"


class JobFinished(Conflict):
    """The job has ended already, so there is nothing to cancel."""

    code = "job_finished"


class ErasureWaitsForJob(Conflict):
    """A batch job is reading a file that holds this customer. Erase them when the job has ended, or cancel it first."""

    code = "erasure_waits_for_job"


class AnswerErased(Conflict):
    """What this idempotency key made has been erased since. Send the request with a new key to make it again."""

    code = "answer_erased"


class BodyTooLarge(RequestRejected):
    """The body is larger than this address accepts. Send it in smaller parts."""

    status = 413
    code = "body_too_large"
    title = "Body too large"


class FileTooLarge(BodyTooLarge):
    """The file is larger than this service takes. Split it, or ask an operator to raise MAX_UPLOAD_MIB."""

    code = "file_too_large"
    title = "File too large"


class UnsupportedMediaType(RequestRejected):
    """Send the body as application/json (a file as text/csv), without a content encoding."""

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


class NotCsvFile(RequestRejected):
    """This is not a CSV file. Save the table as CSV and choose that file."""

    status = 422
    code = "not_a_csv_file"
    title = "Not a CSV file"


class NotEventFile(RequestRejected):
    """This is not a log of events. Send JSON lines or CSV with one event a line."""

    status = 422
    code = "not_an_event_file"
    title = "Not a log of events"


class IdempotencyKeyReused(Conflict):
    """This idempotency key was used for another request. Choose a new key for a new request."""

    code = "idempotency_key_reused"
    title = "Idempotency key used before"


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


class ExplanationsBusy(Unavailable):
    """Too many explanations are waiting already, so this one was not begun. Try again in a moment."""

    code = "explanations_busy"


class ShuttingDown(Unavailable):
    """The service is stopping, and nothing was stored. Send the request again to its successor."""

    code = "shutting_down"
