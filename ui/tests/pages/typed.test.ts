import { describe, expect, it } from "vitest";
import type { Parameter } from "../../src/api/types";
import { pointOf, textsOf, typed } from "../../src/pages/acts/typed";

const FLOAT: Parameter = { name: "discount", kind: "float", low: 0.8, high: 0.999, log: false, step: null, choices: null, condition: null };
const INT: Parameter = { ...FLOAT, name: "wait", kind: "int", low: 60, high: 900, step: 30 };
const CHOICE: Parameter = { ...FLOAT, name: "solver", kind: "categorical", low: null, high: null, choices: ["greedy", 2, null] };

describe("a typed value", () => {
  it.each([
    [FLOAT, "0.9", { kind: "value", value: 0.9 }],
    [FLOAT, " 9e-1 ", { kind: "value", value: 0.9 }],
    [FLOAT, "", { kind: "left_out" }],
    [FLOAT, "x", { kind: "wrong", why: "number" }],
    [FLOAT, "Infinity", { kind: "wrong", why: "number" }],
    [FLOAT, "0.7", { kind: "wrong", why: "below" }],
    [FLOAT, "1", { kind: "wrong", why: "above" }],
    [INT, "90", { kind: "value", value: 90 }],
    [INT, "90.5", { kind: "wrong", why: "whole" }],
    [INT, "100", { kind: "wrong", why: "step" }],
    [CHOICE, "2", { kind: "value", value: null }],
    [CHOICE, "3", { kind: "wrong", why: "number" }],
  ])("of %o, %j, is %j", (parameter, text, expected) => {
    expect(typed(parameter, text)).toEqual(expected);
  });

  it("makes no mistake of a step that no float hits exactly", () => {
    expect(typed({ ...FLOAT, low: 0, high: 1, step: 0.1 }, "0.3")).toEqual({ kind: "value", value: 0.3 });
  });
});

describe("a typed point", () => {
  it("has what was typed and leaves the rest to the sampler", () => {
    expect(pointOf([FLOAT, INT, CHOICE], { wait: "90", solver: "1" })).toEqual({ wait: 90, solver: 2 });
  });

  it("is none while a value is wrong, or none was typed", () => {
    expect(pointOf([FLOAT, INT], { wait: "100" })).toBeNull();
    expect(pointOf([FLOAT, INT], {})).toBeNull();
  });

  it("begins with a point that is known, as far as the space has its values", () => {
    expect(textsOf([FLOAT, INT, CHOICE], { discount: 0.9, solver: null, gone: 1 })).toEqual({ discount: "0.9", solver: "2" });
    expect(textsOf([CHOICE], { solver: "simplex" })).toEqual({ solver: "" });
  });
});
