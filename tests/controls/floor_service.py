"""The floor for L1: the service's own request and response models, declared the stock way, and no work.

It is also the wrong build for I2 and I3, since it refuses bodies as FastAPI does by default.
"""

import os
from typing import Final

import uvicorn
from fastapi import FastAPI

from app.telecom.schemas import PredictRequest, PredictResponse

ANSWER: Final = PredictResponse.model_validate(
    {
        "churn_probability": 0.0228, "churn_risk": "Low", "estimated_clv": 5321.17,
        "recommendation": "Keep the service as it is.", "confidence": "Very High",
        "prediction_id": "01890a5d-ac96-774b-bcce-b302099a8057", "probability_interval": [0.018, 0.031],
        "clv_interval": [4800.1, 5900.2], "value_at_risk_usd": 121.32,
        "model": {"name": "telecom-usage", "version": "1", "field_set": "usage", "note": "Minutes were given."},
        "warnings": [], "typical_churn_rate": 0.1455, "recommendation_code": "maintain", "value_band": "standard",
        "segment": {"id": 1, "persona": "Low-bill customers"},
    }
)  # fmt: skip

app = FastAPI()


@app.post("/predict")
async def predict(request: PredictRequest) -> PredictResponse:
    """Read and check the request, answer a constant."""
    return ANSWER


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """Say that requests are welcome."""
    return {"status": "ready"}


if __name__ == "__main__":
    uvicorn.run(
        app, host=os.environ["HOST"], port=int(os.environ["PORT"]), loop="uvloop", http="httptools",
        access_log=False, log_level="warning",
    )  # fmt: skip
