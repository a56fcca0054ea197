import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { LiveQuestion } from "../../static/js/live-question.js";

/** A question whose answers come when the test says so, on a clock that the test moves. */
function asked() {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const open = [];
  const told = [];
  const ask = (value) => new Promise((resolve, reject) => open.push({ value, resolve, reject }));
  const question = new LiveQuestion(ask, {
    onAnswer: (answer, value) => told.push([answer, value]),
    onFailure: (error, value) => told.push([error.message, value]),
  });
  return { question, open, told, values: () => open.map(({ value }) => value) };
}

const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
};

test("a value is asked about once it has stood still for 60 ms", () => {
  const { question, values } = asked();
  question.put("a");
  mock.timers.tick(59);
  question.put("b");
  mock.timers.tick(59);
  assert.deepEqual(values(), []);
  mock.timers.tick(1);
  assert.deepEqual(values(), ["b"]);
});

test("one request is under way at a time, and the newest value is next", async () => {
  const { question, open, values, told } = asked();
  question.put("a", 0);
  mock.timers.tick(0);
  for (const value of ["b", "c"]) {
    question.put(value, 0);
    mock.timers.tick(1);
  }
  assert.deepEqual(values(), ["a"]);
  open[0].resolve("A");
  await settle();
  assert.deepEqual(values(), ["a", "c"]);
  open[1].resolve("C");
  await settle();
  assert.deepEqual(told, [
    ["A", "a"],
    ["C", "c"],
  ]);
});

test("a late answer to a value that has moved on is not shown", async () => {
  const { question, open, told } = asked();
  question.put("a", 0);
  mock.timers.tick(0);
  question.put("b", 0);
  mock.timers.tick(2000);
  open[0].resolve("A");
  await settle();
  open[1].resolve("B");
  await settle();
  assert.deepEqual(told, [["B", "b"]]);
});

test("a failure is told only while its value stands", async () => {
  const { question, open, told } = asked();
  question.put("a", 0);
  mock.timers.tick(0);
  question.put("b", 0);
  mock.timers.tick(1);
  open[0].reject(new Error("first"));
  await settle();
  open[1].reject(new Error("second"));
  await settle();
  assert.deepEqual(told, [["second", "b"]]);
});

test("after a failure the next value is asked about", async () => {
  const { question, open, values } = asked();
  question.put("a", 0);
  mock.timers.tick(0);
  open[0].reject(new Error("down"));
  await settle();
  question.put("b", 0);
  mock.timers.tick(0);
  assert.deepEqual(values(), ["a", "b"]);
});

test("a dropped question hears no answer and asks no more", async () => {
  const { question, open, told, values } = asked();
  question.put("a", 0);
  mock.timers.tick(0);
  question.put("b");
  question.drop();
  mock.timers.tick(500);
  open[0].resolve("A");
  await settle();
  assert.deepEqual(values(), ["a"]);
  assert.deepEqual(told, []);
});
