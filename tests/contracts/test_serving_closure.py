"""What serves is small: no training library is imported, and nothing is ever unpickled."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.db.engine import open_engine
from app.db.upgrade import upgrade
from tests import checkout
from tests.factories import a_core_customer, a_customer

FORBIDDEN = {
    "sklearn", "imblearn", "pandas", "scipy", "shap", "onnx", "skl2onnx", "joblib", "alembic", "training", "tests",
    "matplotlib", "numba", "jinja2", "pyarrow",
}  # fmt: skip
DRIVER = '''
import sys
unpickled = []
sys.addaudithook(lambda name, arguments: name == "pickle.find_class" and unpickled.append(arguments))

import asyncio, json, pathlib
import backend
from app.settings import Settings

async def ask(app, method, path, body=b""):
    """Speak ASGI to the application; gives the status of its answer."""
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": [(b"content-type", b"application/json")], "http_version": "1.1", "scheme": "http",
             "server": ("here", 80), "client": ("here", 1), "root_path": "", "state": {}}
    sent = []
    received = []
    async def receive():
        if received:
            await asyncio.Event().wait()  # a client that stays connected and says no more
        received.append(1)
        return {"type": "http.request", "body": body, "more_body": False}
    async def send(message):
        sent.append(message)
    await app(scope, receive, send)
    return sent[0]["status"]

async def serve(requests):
    app = backend.create_app(Settings())
    async with app.router.lifespan_context(app):
        return [await ask(app, method, path, body.encode()) for method, path, body in requests]

statuses = asyncio.run(serve(json.loads(sys.argv[1])))
print(json.dumps({"statuses": statuses, "modules": sorted(sys.modules), "unpickled": len(unpickled)}))
exec(sys.argv[2])
'''
UNPICKLE = "import collections, pickle; pickle.loads(pickle.dumps(collections.OrderedDict())); print(len(unpickled))"
REQUESTS = [
    ("POST", "/predict", json.dumps(a_customer(customerId="C-1"))),
    ("POST", "/predict", json.dumps(a_core_customer())),
    ("POST", "/explain", json.dumps(a_customer(customerServiceCalls=6))),
    ("POST", "/closest-change", json.dumps(a_core_customer(customerServiceCalls=6))),
    ("POST", "/batch-predict", json.dumps([a_customer(), a_core_customer()] * 10)),
    *(("GET", path, "") for path in ("/", "/docs", "/openapi.json", "/static/css/base.css", "/stats", "/models",
                                    "/models/telecom-usage", "/health", "/readyz", "/metrics")),
]  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process of its own imported and unpickled while it started and answered each kind of request."""
    folder = tmp_path_factory.mktemp("closure")
    engine = open_engine(f"sqlite:///{folder / 'telelink.db'}")
    upgrade(engine)
    engine.dispose()
    environment = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(folder), "PYTHONPATH": str(checkout.ROOT)}
    command = [sys.executable, "-c", DRIVER, json.dumps(REQUESTS), UNPICKLE]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=True)
    *_, report, seen_by_hook = done.stdout.splitlines()
    return {**json.loads(report), "seen_by_hook": int(seen_by_hook)}


def test_everything_was_answered(served: dict[str, Any]) -> None:
    assert served["statuses"] == [200] * len(REQUESTS)


def test_no_training_library_is_imported(served: dict[str, Any]) -> None:
    imported = {name.partition(".")[0] for name in served["modules"]}
    assert {"app", "fastapi", "onnxruntime", "numpy", "sqlalchemy"} <= imported
    assert imported & FORBIDDEN == set()


def test_nothing_is_unpickled(served: dict[str, Any]) -> None:
    assert served["unpickled"] == 0
    assert served["seen_by_hook"] == 1, "the hook does not see unpickling"


def test_no_serving_code_names_a_pickle() -> None:
    for path in checkout.python_files("app"):
        text = path.read_text(encoding="utf-8")
        assert "pickle" not in text.replace("allow_pickle=False", ""), checkout.name_of(path)
        assert "joblib" not in text, checkout.name_of(path)


def test_no_pickle_is_shipped_with_the_models() -> None:
    shipped = {path.name for path in checkout.files(under="models")}
    assert {"model.onnx", "card.json", "SHA256SUMS"} <= shipped
    assert not {name for name in shipped if Path(name).suffix in (".joblib", ".pkl", ".pickle", ".npy")}
