"""Wire models of the telecom routes, generated from the field table."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema, create_model
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from app.errors import FieldProblem
from app.telecom import features, profiles
from app.telecom.features import CORE_FIELDS, CUSTOMER_ID, FIELDS, MINUTE_FIELDS, MINUTE_NAMES
from app.telecom.policy import RECOMMENDATIONS, Confidence, Tier, ValueBand

PROBLEMS_LISTED: Final = 100
_BY_ALIAS: Final = {field.alias: field for field in FIELDS}
_BY_NAME: Final = {field.alias: field.name for field in FIELDS} | {CUSTOMER_ID: "customer_id"}


def _number_text_pattern(field: features.Field) -> str:
    """Match exactly the plain decimal texts from 0 to the field's maximum, with stray spaces."""
    digits = f"{field.maximum:.0f}"
    below = [f"[0-9]{{1,{len(digits) - 1}}}"]
    below += [
        f"{digits[:place]}[0-{int(digit) - 1}][0-9]{{{len(digits) - place - 1}}}"
        for place, digit in enumerate(digits)
        if digit > "0"
    ]
    fraction = r"(\.[0-9]*)?" if field.kind == "amount" else r"(\.0*)?"
    return rf"^ *(({'|'.join(below)}){fraction}|{digits}(\.0*)?) *$"


def _json_schema(field: features.Field) -> dict[str, Any]:
    """Describe what ``profiles.read_value`` accepts; it tolerates thousands separators beyond that."""
    if field.is_number:
        number: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": field.maximum}
        if field.kind == "count":
            number |= {"multipleOf": 1}
        described: dict[str, Any] = {"anyOf": [number, {"type": "string", "pattern": _number_text_pattern(field)}]}
        described["description"] = f"{field.label}, {field.unit}, 0 to {field.maximum:,.0f}."
    elif field.kind == "flag":
        described = {"type": "string", "pattern": profiles.FLAG_PATTERN, "description": f"{field.label}: yes or no."}
    elif field.vocabulary:
        described = {"type": "string", "pattern": profiles.STATE_PATTERN, "description": "Two-letter US state or DC."}
    else:
        number = {"type": "integer", "minimum": 100, "maximum": 999}
        described = {"anyOf": [{"type": "string", "pattern": profiles.AREA_CODE_PATTERN}, number]}
        described["description"] = f"{field.label}, three digits."
    return {**described, "title": field.label, "examples": [field.example]}


def _reader(read: Callable[[Any], Any], *, optional: bool) -> PlainValidator:
    def validate(value: Any) -> Any:
        if optional and (value is None or (isinstance(value, str) and not value.strip(" "))):
            return None
        try:
            return read(value)
        except profiles.FieldRefused as refused:
            raise PydanticCustomError(refused.code, "{reason}", {"reason": str(refused)}) from None

    return PlainValidator(validate)


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    inner = {name: value for name, value in schema.items() if name not in ("title", "description", "examples")}
    outer = {name: value for name, value in schema.items() if name not in inner}
    choices = inner.get("anyOf", [inner])
    return {**outer, "anyOf": [*choices, {"type": "string", "const": ""}, {"type": "null"}]}


def definition(field: features.Field) -> tuple[Any, Any]:
    """Give type and default of a wire model's field: it accepts what ``profiles.read_value`` does, and documents it."""
    optional = field in MINUTE_FIELDS
    schema = _optional(_json_schema(field)) if optional else _json_schema(field)
    reader = _reader(lambda value: profiles.read_value(field, value), optional=optional)
    default = None if optional else ...
    return (Annotated[Any, reader, WithJsonSchema(schema)], Field(default, alias=field.alias))


_CUSTOMER_ID_SCHEMA: Final = _optional(
    {
        "type": "string",
        "pattern": profiles.CUSTOMER_ID_PATTERN,
        "title": "Customer id",
        "description": "Your own key for the customer: 1 to 64 visible characters. Predictions with it build history.",
        "examples": ["C-1001"],
    }
)
_ABSENT: Final = [None, ""]
_EXAMPLE: Final = {field.alias: field.example for field in FIELDS} | {CUSTOMER_ID: "C-1001"}
_WHOLE: Final[dict[str, Any]] = {
    "examples": [_EXAMPLE],
    "anyOf": [
        {
            "title": "With minutes",
            "required": [field.alias for field in MINUTE_FIELDS],
            "properties": {field.alias: {"not": {"enum": _ABSENT}} for field in MINUTE_FIELDS},
        },
        {"title": "Without minutes", "properties": {field.alias: {"enum": _ABSENT} for field in MINUTE_FIELDS}},
    ],
}

PredictRequest = create_model(
    "PredictRequest",
    __config__=ConfigDict(extra="forbid", title="Customer", json_schema_extra=_WHOLE),
    __doc__="One customer. Give all four minutes for the sharper model, or none of them.",
    **{field.name: definition(field) for field in CORE_FIELDS + MINUTE_FIELDS},
    customer_id=(
        Annotated[Any, _reader(profiles.read_customer_id, optional=True), WithJsonSchema(_CUSTOMER_ID_SCHEMA)],
        Field(None, alias=CUSTOMER_ID),
    ),
)  # type: ignore[call-overload]

_CODES: Final[list[Any]] = [action.code for action in RECOMMENDATIONS.values()]
Probability = Annotated[float, Field(ge=0, le=1)]
Usd = Annotated[float, Field(ge=0)]


class ModelUsed(BaseModel):
    """The version that answered and why this one."""

    name: str = Field(examples=["telecom-usage"])
    version: str = Field(examples=["1"])
    field_set: Literal["core", "usage"]
    note: str = Field(description="Why this field set answered and what that means for the answer.")


class Caution(BaseModel):
    """A reason to read this answer with care."""

    model_config = ConfigDict(title="Warning")

    code: Literal["outside_training_range", "contradiction"]
    field: str = Field(examples=[FIELDS[0].alias])
    message: str


class Segment(BaseModel):
    """The group of customers this one is most like."""

    id: int = Field(ge=0, examples=[2])
    persona: str = Field(description="What the group is called.", examples=["Evening talkers"])


class PredictResponse(BaseModel):
    """How likely the customer is to leave, what they are worth and what to do."""

    model_config = ConfigDict(title="Prediction")

    churn_probability: Probability = Field(description="Calibrated probability of leaving; no time horizon.")
    churn_risk: Tier
    estimated_clv: Usd = Field(description="Lifetime value in USD: charges so far and expected from now on.")
    recommendation: str
    confidence: Confidence
    prediction_id: str = Field(description="Key of the stored prediction (UUID version 7).")
    probability_interval: tuple[Probability, Probability] = Field(description="90 % interval of the probability.")
    clv_interval: tuple[Usd, Usd] = Field(description="90 % prediction interval of the lifetime value, USD.")
    value_at_risk_usd: Usd = Field(description="churn_probability x estimated_clv.")
    model: ModelUsed
    warnings: list[Caution]
    recommendation_code: Annotated[str, Field(json_schema_extra={"enum": _CODES})]
    value_band: ValueBand
    typical_churn_rate: Probability = Field(description="Share of churners the model was trained on, for comparison.")
    segment: Segment | None = Field(description="Null when the customer was scored without segments.")


class BatchResponse(BaseModel):
    """Predictions in the order of the request."""

    predictions: list[PredictResponse]
    count: int = Field(ge=1, le=10_000)


def read_customer(raw: Any, row: int | None = None) -> tuple[dict[str, Any], list[FieldProblem]]:
    """Validate one customer.

    Returns
    -------
    values : dict
        Field name to value (float, text or None), with ``customer_id``; empty when there are problems.
    problems : list of FieldProblem
        Everything to correct, in the order of the form.
    """
    problems = []
    values: dict[str, Any] = {}
    try:
        values = dict(PredictRequest.model_validate(raw).__dict__)
    except ValidationError as error:
        problems = [_problem(item, row) for item in error.errors(include_url=False, include_input=False)]
    absent = sum(values[name] is None for name in MINUTE_NAMES) if values else 1
    if absent not in (0, len(MINUTE_NAMES)) and isinstance(raw, dict):
        refused = {problem.field for problem in problems}
        written = {field.name: raw.get(field.alias) for field in MINUTE_FIELDS}
        given = [name for name, value in written.items() if value is not None and str(value).strip(" ")]
        problems += [
            FieldProblem(field.alias, reason.code, str(reason), row)
            for field, reason in profiles.missing_minutes(given)
            if field.alias not in refused
        ]
    return ({} if problems else values), problems


def to_wire(values: dict[str, Any]) -> dict[str, Any]:
    """Write validated values back under their aliases, flags as yes and no; absent optional fields are left out."""
    wire: dict[str, Any] = {}
    for field in FIELDS:
        value = values[field.name]
        if value is not None:
            wire[field.alias] = ("yes" if value else "no") if field.kind == "flag" else value
    if values["customer_id"] is not None:
        wire[CUSTOMER_ID] = values["customer_id"]
    return wire


def listed(problems: Iterable[FieldProblem]) -> list[FieldProblem]:
    """Cut a long list of problems to what a person can work through."""
    return list(problems)[:PROBLEMS_LISTED]


def _problem(item: Any, row: int | None) -> FieldProblem:
    key = str(item["loc"][0]) if item["loc"] else ""
    field = _BY_ALIAS.get(key)
    if item["type"] == "missing" and field is not None:
        return FieldProblem(key, "missing", str(profiles.missing(field)), row)
    if item["type"] == "extra_forbidden":
        known = to_camel(key) if key.replace("_", "").isalnum() and key.isascii() and len(key) <= 64 else ""
        hint = f" Did you mean {known}?" if known in _BY_NAME and known != key else ""
        name = key if known else ""
        return FieldProblem(name, "unknown_field", f"This is not a field of a customer: remove it.{hint}", row)
    if item["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return FieldProblem("", "not_an_object", "Send each customer as a JSON object", row)
    return FieldProblem(key, item["type"], item["msg"], row)
