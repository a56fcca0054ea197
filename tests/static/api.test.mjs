import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { ApiError, NotReady, ServerDown, UnexpectedAnswer, ValidationProblem, predict } from "../../static/js/api.js";

const CUSTOMER = { accountLength: 128, state: "KS" };

afterEach(() => mock.restoreAll());

function answerWith(status, body, headers = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return mock.method(globalThis, "fetch", () => Promise.resolve(new Response(text, { status, headers })));
}

async function failureOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: "the call did not fail" });
}

test("the customer is posted as JSON and the answer comes back as it is", async () => {
  const prediction = { churn_probability: 0.0228, churn_risk: "Low" };
  const fetchMock = answerWith(200, prediction);
  assert.deepEqual(await predict(CUSTOMER), prediction);
  const [path, request] = fetchMock.mock.calls[0].arguments;
  assert.equal(path, "/predict");
  assert.equal(request.method, "POST");
  assert.equal(request.headers["Content-Type"], "application/json");
  assert.deepEqual(JSON.parse(request.body), CUSTOMER);
});

test("a 422 carries its fields and sentences", async () => {
  const errors = [{ field: "areaCode", row: null, code: "missing", message: "Enter the area code" }];
  answerWith(422, { detail: "Check the customer.", errors }, { "X-Request-ID": "r-1" });
  const error = await failureOf(predict(CUSTOMER));
  assert.ok(error instanceof ValidationProblem);
  assert.deepEqual(error.errors, errors);
  assert.equal(error.requestId, "r-1");
});

test("a 422 without fields still says something", async () => {
  answerWith(422, { detail: "The body must be one object" });
  const error = await failureOf(predict(CUSTOMER));
  assert.deepEqual(error.errors, [{ field: null, message: "The body must be one object" }]);
});

test("a 503 says when to come back", async () => {
  answerWith(503, { detail: "The database is locked." }, { "Retry-After": "5" });
  const error = await failureOf(predict(CUSTOMER));
  assert.ok(error instanceof NotReady);
  assert.equal(error.retryAfterSeconds, 5);
  assert.equal(error.message, "The database is locked.");
});

test("a 503 from a proxy in front of the service is read without its body", async () => {
  answerWith(503, "<html>upstream</html>");
  const error = await failureOf(predict(CUSTOMER));
  assert.ok(error instanceof NotReady);
  assert.equal(error.retryAfterSeconds, null);
  assert.match(error.message, /not ready/);
});

test("no connection is the server being down", async () => {
  mock.method(globalThis, "fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  assert.ok((await failureOf(predict(CUSTOMER))) instanceof ServerDown);
});

// AbortSignal.timeout does not keep Node alive by itself, so the fake exchange holds a timer.
function hanging(signal) {
  return new Promise((resolve, reject) => {
    const alive = setTimeout(resolve, 5000);
    signal.addEventListener("abort", () => {
      clearTimeout(alive);
      reject(signal.reason);
    });
  });
}

test("no answer in time is the server being down, and says how long it took", async () => {
  mock.method(globalThis, "fetch", (path, { signal }) => hanging(signal));
  const error = await failureOf(predict(CUSTOMER, { timeoutMs: 20 }));
  assert.ok(error instanceof ServerDown);
  assert.match(error.message, /did not answer within/);
});

test("an answer whose body never ends is cut off as well", async () => {
  mock.method(globalThis, "fetch", (path, { signal }) =>
    Promise.resolve({ ok: true, status: 200, headers: new Headers(), text: () => hanging(signal) }),
  );
  assert.ok((await failureOf(predict(CUSTOMER, { timeoutMs: 20 }))) instanceof ServerDown);
});

test("a 500 keeps its sentence and its request id", async () => {
  answerWith(500, { detail: "Something went wrong on the server." }, { "X-Request-ID": "r-9" });
  const error = await failureOf(predict(CUSTOMER));
  assert.ok(error instanceof UnexpectedAnswer);
  assert.equal(error.message, "Something went wrong on the server.");
  assert.equal(error.requestId, "r-9");
});

test("an answer that is not the documented JSON is refused", async () => {
  for (const body of ["", "<html>", "null", '"text"', "12"]) {
    answerWith(200, body);
    assert.ok((await failureOf(predict(CUSTOMER))) instanceof UnexpectedAnswer, JSON.stringify(body));
    mock.restoreAll();
  }
});

test("a mistake in this page's own code is not dressed up as a failure of the server", async () => {
  mock.method(globalThis, "fetch", () => Promise.reject(new RangeError("bug")));
  const error = await failureOf(predict(CUSTOMER));
  assert.ok(error instanceof RangeError);
  assert.ok(!(error instanceof ApiError));
});

test("each failure is named after its class", async () => {
  answerWith(404, {});
  assert.equal((await failureOf(predict(CUSTOMER))).name, "UnexpectedAnswer");
});
