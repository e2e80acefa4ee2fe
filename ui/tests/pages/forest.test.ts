import { describe, expect, it } from "vitest";
import { forest, MOST_ROWS, percentAt, ticks } from "../../src/pages/decisions/forest";
import type { Compared } from "../../src/pages/decisions/forest";

type Row = [scenario: string, champion: number | null, challenger: number | null];

function compared(rows: Row[], more: Partial<Compared> = {}): Compared {
  const by_scenario = rows.map(([scenario, champion, challenger]) => {
    const difference = champion === null || challenger === null ? null : challenger - champion;
    return { scenario, champion, challenger, difference };
  });
  return { by_scenario, pairs: [], effect: null, min_improvement: null, ...more };
}

const RELATIVE = { estimate: 0.1, low: 0.05, high: 0.15, scale: "relative", unit: null, confidence: 0.9 };

describe("forest", () => {
  it("counts scenarios that are better and worse, and keeps one that could not be paired", () => {
    const found = forest(compared([["d1", 10, 12], ["d2", 10, 9], ["d3", 10, null]]));
    expect(found.rows.map((row) => row.difference)).toEqual([2, -1, null]);
    expect([found.better, found.worse]).toEqual([1, 1]);
  });

  it("shows from where to where the variants of a scenario reach", () => {
    const pair = { scenario: "d1", replicate: null, champion: 10, challenger: 10 };
    const pairs = [{ ...pair, variant: "model", difference: 3 }, { ...pair, variant: "statistics", difference: 1 }];
    expect(forest(compared([["d1", 10, 12]], { pairs })).rows[0]?.spread).toEqual([1, 3]);
    expect(forest(compared([["d1", 10, 12]], { pairs: pairs.slice(1) })).rows[0]?.spread).toBeNull();
  });

  it("shows differences as shares of the champion's mean when the effect is one", () => {
    const found = forest(compared([["d1", 100, 110], ["d2", 300, 330]], { effect: RELATIVE }));
    expect(found.rows.map((row) => row.difference)).toEqual([0.05, 0.15]);
  });

  it("has room for zero, for the least improvement and for the interval", () => {
    const effect = { ...RELATIVE, estimate: 2, low: -1, high: 5, scale: "absolute" };
    const found = forest(compared([["d1", 1, 3]], { effect, min_improvement: 9 }));
    expect(found.domain[0]).toBeLessThan(-1);
    expect(found.domain[1]).toBeGreaterThan(9);
  });

  it("puts the largest gain first when asked, and what has none last", () => {
    const found = forest(compared([["a", 1, null], ["b", 1, 2], ["c", 1, 9]]), "size");
    expect(found.rows.map((row) => row.scenario)).toEqual(["c", "b", "a"]);
  });

  it("says how many rows it leaves out", () => {
    const many = Array.from({ length: MOST_ROWS + 7 }, (_, index): Row => [`s${index}`, 1, 2]);
    expect(forest(compared(many)).hidden).toBe(7);
  });

  it("has an axis also where nothing could be compared", () => {
    expect(forest(compared([])).ticks).toContain(0);
    expect(forest(compared([["a", null, 1]], { effect: RELATIVE })).ticks).toContain(0);
  });
});

describe("ticks", () => {
  it("are round and lie within the domain", () => {
    expect(ticks([-1.2, 3.4], 5)).toEqual([-1, 0, 1, 2, 3]);
    expect(ticks([0, 0.05], 5)).toEqual([0, 0.01, 0.02, 0.03, 0.04, 0.05]);
  });
});

describe("percentAt", () => {
  it("is a share of the width and stays on the axis", () => {
    expect([5, -5, 50].map((value) => percentAt(value, [0, 10]))).toEqual([50, 0, 100]);
  });
});
