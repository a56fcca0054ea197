import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { FileGone } from "../../static/js/file-upload.js";
import { previewLog, saveEventMapping, startLogJob } from "../../static/js/logs-api.js";
import { eraseUser, listUsers, readChurn, readEvents, scoreNumbers } from "../../static/js/users-api.js";

const LINE = '{"ts": 1, "kind": "play"}\n';
const MAPPING = { columns: { ts: "time" }, ts_unit: "ms", kind: "play" };

/** A request that is answered at once. */
class FakeRequest extends EventTarget {
  static last = null;
  upload = new EventTarget();
  headers = {};
  status = 201;
  responseText = '{"id":"j-1"}';

  open(...opened) {
    this.opened = opened;
    FakeRequest.last = this;
  }

  setRequestHeader(name, value) {
    this.headers[name] = value;
  }

  getResponseHeader() {
    return null;
  }

  send(body) {
    this.body = body;
    this.dispatchEvent(new Event("load"));
  }
}

afterEach(() => {
  mock.restoreAll();
  delete globalThis.XMLHttpRequest;
});

function answering(body) {
  return mock.method(globalThis, "fetch", () => Promise.resolve(new Response(JSON.stringify(body))));
}

const asked = (fetchMock) => fetchMock.mock.calls.map(({ arguments: [path, { method }] }) => `${method} ${path}`);

test("a preview sends the first part only, as what its name says, and the mapping to try", async () => {
  const fetchMock = answering({ columns: [] });
  const file = new File([LINE.repeat(20_000)], "log.jsonl");
  await previewLog(file, { adapter: "auto" });
  await previewLog(new File([LINE], "log.CSV"), { adapter: "auto", mapping: MAPPING });
  const [first, second] = fetchMock.mock.calls.map((call) => call.arguments);
  assert.equal(first[0], `/batch/event-preview?adapter=auto&file_bytes=${file.size}`);
  assert.deepEqual([first[1].headers["Content-Type"], first[1].body.byteLength], ["application/x-ndjson", 256 * 1024]);
  assert.equal(second[1].headers["Content-Type"], "text/csv");
  assert.deepEqual(JSON.parse(new URL(second[0], "http://x").searchParams.get("mapping")), MAPPING);
});

test("a log is sent under its key, by its adapter or by its stored mapping", async () => {
  globalThis.XMLHttpRequest = FakeRequest;
  const options = () => ({ adapter: "music", idempotencyKey: "k-1", signal: new AbortController().signal, onProgress: () => {} });
  await startLogJob(new File([LINE], "März & Co.jsonl"), options());
  assert.deepEqual(FakeRequest.last.opened, ["POST", "/batch/event-jobs?adapter=music&file_name=M%C3%A4rz+%26+Co.jsonl"]);
  assert.equal(FakeRequest.last.headers["Idempotency-Key"], "k-1");
  await startLogJob(new File([LINE], "a.jsonl"), { ...options(), mappingId: "m/1" });
  assert.equal(FakeRequest.last.opened[1], "/batch/event-jobs?mapping=m%2F1&file_name=a.jsonl");
});

test("a log that vanished from the disk is said so", async () => {
  const gone = { name: "gone.jsonl", size: 5, slice: () => ({ arrayBuffer: () => Promise.reject(new Error()) }) };
  await assert.rejects(previewLog(gone, { adapter: "auto" }), FileGone);
});

test("a mapping and the four numbers are posted as they are", async () => {
  const fetchMock = answering({ id: "m-1" });
  await saveEventMapping(MAPPING);
  await scoreNumbers({ purchases: "many" });
  assert.deepEqual(asked(fetchMock), ["POST /batch/event-mappings", "POST /users/score"]);
  assert.deepEqual(fetchMock.mock.calls.map((call) => JSON.parse(call.arguments[1].body)), [MAPPING, { purchases: "many" }]);
});

test("a user's id is written into addresses safely", async () => {
  const fetchMock = answering({ users: [] });
  await listUsers("?tier=High&limit=50");
  await readChurn("a/b?c");
  await readChurn("7", "2026-11-01");
  await readEvents("7", null);
  await readEvents("7", "c 1");
  await eraseUser("50%");
  assert.deepEqual(asked(fetchMock), [
    "GET /users?tier=High&limit=50",
    "GET /users/a%2Fb%3Fc/churn",
    "GET /users/7/churn?as_of=2026-11-01",
    "GET /users/7/events?limit=20",
    "GET /users/7/events?limit=20&cursor=c+1",
    "DELETE /users/50%25",
  ]);
});
