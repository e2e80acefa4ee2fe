import { expect, test } from "vitest";
import type { Columns, Study } from "../src/api/types";
import { parse } from "../src/filter/parse";
import { testOf, UnknownName } from "../src/filter/rows";
import { select } from "../src/filter/selection";
import { FilterError } from "../src/filter/tokens";
import { frameOf } from "../src/frame/frame";
import { columns } from "./made";

const study = { parameters: [], metric: "loss", direction: "minimize" } as unknown as Study;
const made: Columns = columns([0, 1, 2, 3], {
  state: ["complete", "failed", "complete", "pruned"],
  value: [0.5, null, 0.1, null],
  params: { lr: [0.1, 0.01, 0.001, 0.0001], optimizer: ["adam", "sgd", "adam", "sgd"], "max depth": [1, 2, 3, 4], nested: [true, false, true, false] },
  pod: ["trial-0-a", "trial-1-b", null, null],
  kind: [null, "out_of_memory", null, null],
});
const frame = frameOf(made, study, { number: "Trial", seconds: "Seconds" });

function rows(filter: string): number[] {
  const passes = testOf(parse(filter)!, frame);
  return [0, 1, 2, 3].filter(passes);
}

test.each([
  ["lr < 0.01", [2, 3]],
  ["lr <= 1e-2 and state == complete", [2]],
  ["state = failed or value < .2", [1, 2]],
  ["not state == complete", [1, 3]],
  ["not (lr > 0.005 and optimizer == adam)", [1, 2, 3]],
  ["params.lr >= 0.1", [0]],
  ["`max depth` in [1, 4]", [0, 3]],
  ["optimizer in (adam, lamb)", [0, 2]],
  ['optimizer != "adam"', [1, 3]],
  ["pod ~ trial-1", [1]],
  ["kind == none", [0, 2, 3]],
  ["nested == true", [0, 2]],
  ["out_of_mem", [1]],
  ["SGD", [1, 3]],
  ["number == 2", [2]],
  ["value != 0.5 and number > -1", [1, 2, 3]],
])("the filter %s selects the rows %j", (filter, expected) => {
  expect(rows(filter)).toEqual(expected);
});

test("and binds more than or", () => {
  expect(rows("number == 0 or number == 1 and state == complete")).toEqual([0]);
});

test.each([
  ["lr <", "end", 4],
  ["lr < 1 )", "unexpected", 7],
  ["(lr < 1", "end", 7],
  ["state == 'complete", "quote", 9],
  ["< 3", "unexpected", 0],
  ["lr < 0.1 state", "unexpected", 9],
])("the filter %s is refused: %s at %i", (filter, reason, at) => {
  try {
    parse(filter);
  } catch (error) {
    expect(error).toBeInstanceOf(FilterError);
    expect(error).toMatchObject({ reason, at });
    return;
  }
  throw new Error("It was not refused.");
});

test("a name that no trial has is told by itself", () => {
  expect(() => rows("learning_rate < 1")).toThrow(UnknownName);
});

test("ranges drawn on charts and the filter hold together", () => {
  const selected = select(frame, { filter: "optimizer == adam", ranges: { "params.lr": [[0.0005, 0.05]] } });
  expect([...selected.mask]).toEqual([0, 0, 1, 0]);
  expect(selected.count).toBe(1);
});

test("an interval of a category is one of its places, and no value lies outside", () => {
  expect([...select(frame, { filter: "", ranges: { "params.optimizer": [[0.5, 1.5]] } }).mask]).toEqual([0, 1, 0, 1]);
  expect([...select(frame, { filter: "", ranges: { value: [[0, 1]] } }).mask]).toEqual([1, 0, 1, 0]);
});

test("a wrong filter selects everything and says what is wrong", () => {
  const selected = select(frame, { filter: "lr <", ranges: {} });
  expect(selected.count).toBe(4);
  expect(selected.error).toBeInstanceOf(FilterError);
});
