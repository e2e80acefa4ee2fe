import { expect, it } from "vitest";
import { phasesOf } from "../../src/pages/trial/phases";

it("phases that took time are shares of the whole, in the order they were told", () => {
  expect(phasesOf({ pool: 5, pull: 0, running: 15 })).toEqual([
    { name: "pool", seconds: 5, share: 0.25 },
    { name: "running", seconds: 15, share: 0.75 },
  ]);
});

it("without any there is nothing to draw", () => {
  expect(phasesOf({})).toEqual([]);
});
