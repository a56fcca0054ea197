import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { ServerDown, UnexpectedAnswer } from "../../static/js/api.js";
import { FileGone, cancelJob, errorsAddress, listJobs, newKey, previewFile, startJob } from "../../static/js/batch-api.js";

const CSV = "customerId,state\r\nC-1,KS\r\n";

/** A request that ends as the test says. */
class FakeRequest extends EventTarget {
  static ending = "load";
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
    this.upload.dispatchEvent(Object.assign(new Event("progress"), { loaded: 7 }));
    if (FakeRequest.ending) this.dispatchEvent(new Event(FakeRequest.ending));
  }

  abort() {
    this.dispatchEvent(new Event("abort"));
  }
}

const gone = (bytes) => ({ name: "gone.csv", size: bytes, slice: () => ({ arrayBuffer: () => Promise.reject(new Error()) }) });
const options = () => ({ mappingId: "m-1", idempotencyKey: "k-1", signal: new AbortController().signal, onProgress: () => {} });

beforeEach(() => {
  FakeRequest.ending = "load";
  globalThis.XMLHttpRequest = FakeRequest;
});
afterEach(() => {
  mock.restoreAll();
  delete globalThis.XMLHttpRequest;
});

function answering(status, body) {
  const text = body === null ? null : JSON.stringify(body);
  return mock.method(globalThis, "fetch", () => Promise.resolve(new Response(text, { status })));
}

test("a preview sends only the first part, and the size of the whole", async () => {
  const fetchMock = answering(200, { columns: [] });
  const file = new File(["x".repeat(400 * 1024)], "large.csv");
  await previewFile(file, { delimiter: "\t" });
  const [path, { method, body, headers }] = fetchMock.mock.calls[0].arguments;
  assert.equal(path, `/batch/preview?file_bytes=${file.size}&delimiter=%09`);
  assert.deepEqual([method, headers["Content-Type"], body.byteLength], ["POST", "text/csv", 256 * 1024]);
});

test("a file that vanished is not a server that is down", async () => {
  await assert.rejects(previewFile(gone(5)), FileGone);
  FakeRequest.ending = "error";
  await assert.rejects(startJob(gone(5), options()), FileGone);
});

test("an upload carries its key, its mapping and its name, and tells how far it is", async () => {
  const heard = [];
  const file = new File([CSV], "März & Co.csv");
  const job = await startJob(file, { ...options(), onProgress: (bytes) => heard.push(bytes) });
  assert.deepEqual(job, { id: "j-1" });
  assert.deepEqual(heard, [7]);
  const { opened, headers, body } = FakeRequest.last;
  assert.deepEqual(opened, ["POST", "/batch/jobs?mapping_id=m-1&file_name=M%C3%A4rz+%26+Co.csv"]);
  assert.deepEqual([headers["Content-Type"], headers["Idempotency-Key"], body], ["text/csv", "k-1", file]);
});

test("an upload asks for reasons only when a person does", async () => {
  await startJob(new File([CSV], "a.csv"), { ...options(), reasons: true });
  assert.equal(FakeRequest.last.opened[1], "/batch/jobs?mapping_id=m-1&file_name=a.csv&reasons=true");
  await startJob(new File([CSV], "a.csv"), { ...options(), reasons: false });
  assert.equal(FakeRequest.last.opened[1], "/batch/jobs?mapping_id=m-1&file_name=a.csv");
});

test("a lost connection and a stopped upload are told apart", async () => {
  const file = new File([CSV], "a.csv");
  FakeRequest.ending = "error";
  await assert.rejects(startJob(file, options()), ServerDown);
  FakeRequest.ending = null;
  const stopping = new AbortController();
  const sent = startJob(file, { ...options(), signal: stopping.signal });
  stopping.abort();
  await assert.rejects(sent, { name: "AbortError" });
  await assert.rejects(startJob(file, { ...options(), signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("ids are written into addresses safely", async () => {
  assert.equal(errorsAddress("a/b"), "/batch/jobs/a%2Fb/errors.csv");
  const fetchMock = answering(202, { id: "a/b" });
  await cancelJob("a/b");
  assert.equal(fetchMock.mock.calls[0].arguments[0], "/batch/jobs/a%2Fb/cancel");
});

test("the list goes on where a page ended", async () => {
  const fetchMock = mock.method(globalThis, "fetch", () => Promise.resolve(new Response('{"jobs":[],"next":null}')));
  await listJobs(null);
  await listJobs("c 1");
  const paths = fetchMock.mock.calls.map((call) => call.arguments[0]);
  assert.deepEqual(paths, ["/batch/jobs?limit=10", "/batch/jobs?limit=10&cursor=c+1"]);
});

test("a refusal keeps its status and its word", async () => {
  mock.method(globalThis, "fetch", () => Promise.resolve(new Response('{"code":"job_not_finished","detail":"x"}', { status: 409 })));
  await assert.rejects(cancelJob("j"), (error) => {
    assert.ok(error instanceof UnexpectedAnswer);
    assert.deepEqual([error.status, error.code], [409, "job_not_finished"]);
    return true;
  });
});

test("no two keys are the same", () => {
  const keys = new Set(Array.from({ length: 100 }, newKey));
  assert.equal(keys.size, 100);
  for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/);
});
