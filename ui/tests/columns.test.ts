import { expect, test } from "vitest";
import { indexOf, merge } from "../src/api/columns";
import { columns } from "./made";

test("an answer from a number on replaces the trials from there on", () => {
  const later = columns([2, 3], { since: 2, total: 4, value: [7, 8], state: ["complete", "running"] });
  const joined = merge(columns([0, 1, 2]), later);
  expect(joined.number).toEqual([0, 1, 2, 3]);
  expect(joined.value).toEqual([0, 0.1, 7, 8]);
  expect(joined.state).toEqual(["complete", "complete", "complete", "running"]);
});

test("the first answer is taken as it is", () => {
  const first = columns([0, 1]);
  expect(merge(undefined, first)).toBe(first);
  expect(merge(columns([5]), first)).toBe(first);
});

test("a parameter that only later trials have is empty for the earlier ones", () => {
  const joined = merge(columns([0, 1]), columns([2], { since: 2, params: { depth: [4] } }));
  expect(joined.params).toEqual({ lr: [0, 0.01, null], depth: [null, null, 4] });
});

test("trials that were replaced or taken back are those of the newest answer", () => {
  const joined = merge(columns([0, 1]), columns([2], { since: 2, superseded: { "1": 2 }, invalid: [0] }));
  expect(joined.superseded).toEqual({ "1": 2 });
  expect(joined.invalid).toEqual([0]);
  expect(joined.state[0]).toBe("failed");
  expect(joined.value[0]).toBeNull();
});

test("a number is found among numbers with gaps", () => {
  expect(indexOf([0, 2, 5], 5)).toBe(2);
  expect(indexOf([0, 2, 5], 3)).toBe(2);
  expect(indexOf([0, 2, 5], 9)).toBe(3);
});
