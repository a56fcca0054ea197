"""The naive control for L1: per request a pandas frame goes through two scikit-learn pipelines.

It has the shape of the services this one replaces: an encoder and a 300-tree forest for churn, a linear regression for
lifetime value, both fitted on simulated customers when it starts. Nothing is stored.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, Literal

import pandas as pd
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field, create_model
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from app.telecom.features import FIELDS, monthly_charge_usd
from training.datasets import columns_of
from training.simulate import simulate

TRAINING_ROWS: Final = 2_666
NAMES: Final = [field.name for field in FIELDS]
WORDS: Final = [field.name for field in FIELDS if not field.is_number]
NUMBERS: Final = [field.name for field in FIELDS if field.is_number]


def _annotation(field: Any) -> Any:
    kind = {"count": int, "amount": float, "flag": Literal["yes", "no"], "code": str}[field.kind]
    return Annotated[kind, Field(alias=field.alias)]


Customer: type[BaseModel] = create_model(
    "Customer", customerId=(str | None, None), **{field.name: (_annotation(field), ...) for field in FIELDS}
)


class Prediction(BaseModel):
    """The classic five keys, without the prose."""

    churn_probability: float
    churn_risk: str
    estimated_clv: float


def fit() -> tuple[Pipeline, Pipeline]:
    """Fit both pipelines on simulated customers."""
    frame = simulate(TRAINING_ROWS, seed=1)
    clv_usd = monthly_charge_usd(columns_of(frame)) * (frame["account_length"] + 40)
    for field in FIELDS:
        if field.kind == "flag":
            frame[field.name] = frame[field.name].map({1.0: "yes", 0.0: "no"})
    encode = ColumnTransformer(
        [("words", OneHotEncoder(handle_unknown="ignore"), WORDS), ("numbers", StandardScaler(), NUMBERS)]
    )
    churn = make_pipeline(encode, RandomForestClassifier(n_estimators=300, random_state=1))
    clv = make_pipeline(encode, LinearRegression())
    return churn.fit(frame[NAMES], frame["churned"]), clv.fit(frame[NAMES], clv_usd)


@asynccontextmanager
async def fitted(app: FastAPI) -> AsyncIterator[None]:
    """Fit before the first request is accepted."""
    app.state.churn, app.state.clv = fit()
    yield


app = FastAPI(lifespan=fitted)


@app.post("/predict")
def predict(request: Customer) -> Prediction:
    """Score one customer as a frame of one row."""
    frame = pd.DataFrame([request.model_dump()])[NAMES]
    probability = float(app.state.churn.predict_proba(frame)[0, 1])
    risk = "High" if probability >= 0.30 else "Medium" if probability >= 0.15 else "Low"
    return Prediction(
        churn_probability=probability, churn_risk=risk, estimated_clv=float(app.state.clv.predict(frame)[0])
    )


@app.get("/readyz")
def ready() -> dict[str, str]:
    """Say that requests are welcome."""
    return {"status": "ready"}


if __name__ == "__main__":
    uvicorn.run(
        app, host=os.environ["HOST"], port=int(os.environ["PORT"]), loop="uvloop", http="httptools",
        access_log=False, log_level="warning",
    )  # fmt: skip
