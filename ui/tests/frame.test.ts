import { expect, test } from "vitest";
import type { Study } from "../src/api/types";
import { bestLine, frameOf } from "../src/frame/frame";
import { columns } from "./made";

const labels = { number: "Trial", seconds: "Seconds" };
const study = (direction: string): Study => ({ parameters: [], metric: "loss", direction }) as unknown as Study;

test("the best line follows the direction, and skips what broke a constraint, was replaced or taken back", () => {
  const made = columns([0, 1, 2, 3, 4], {
    value: [5, 1, 2, 4, 3], feasible: [true, true, false, null, true], superseded: { "1": 9 },
  });
  expect([...bestLine(frameOf(made, study("minimize"), labels))]).toEqual([0, 5, 3, 4, 4, 3]);
  expect([...bestLine(frameOf(made, study("maximize"), labels))]).toEqual([0, 5, 3, 5, 4, 5]);
});

test("categories stand as declared, then as they came", () => {
  const declared = { ...study("minimize"), parameters: [{ name: "act", choices: ["relu", "tanh"] }] } as unknown as Study;
  const frame = frameOf(columns([0, 1, 2], { params: { act: ["gelu", "tanh", null] } }), declared, labels);
  expect(frame.axes.get("params.act")!.categories).toEqual(["relu", "tanh", "gelu"]);
  expect([...frame.axes.get("params.act")!.data]).toEqual([2, 1, NaN]);
});
