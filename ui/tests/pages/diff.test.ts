import { describe, expect, it } from "vitest";

import { diff, shownValue } from "../../src/pages/sets/diff";

describe("diff", () => {
  it("puts what changed first, and says by what share a number did", () => {
    const rows = diff({ solver: "greedy", discount: 0.8, wait: 60 }, { solver: "greedy", discount: 0.9, wait: 60 });
    expect(rows.map((row) => [row.name, row.change])).toEqual([
      ["discount", "changed"],
      ["solver", "same"],
      ["wait", "same"],
    ]);
    expect(rows[0]?.share).toBeCloseTo(0.125);
  });

  it("tells what was added and what is gone", () => {
    expect(diff({ old: 1 }, { new: null }).map((row) => [row.name, row.change, row.old, row.new])).toEqual([
      ["old", "removed", 1, undefined],
      ["new", "added", undefined, null],
    ]);
  });

  it("has no share of zero, of a text or of what stayed", () => {
    const rows = diff({ a: 0, b: "x", c: 2 }, { a: 1, b: "y", c: 2 });
    expect(rows.map((row) => row.share)).toEqual([null, null, null]);
  });

  it("takes the name of an inherited property for a name like any other", () => {
    expect(diff({}, { constructor: 1 })).toEqual([{ name: "constructor", old: undefined, new: 1, change: "added", share: null }]);
  });

  it("tells the text 1 from the number 1", () => {
    expect([shownValue("1"), shownValue(1), shownValue("greedy"), shownValue(true), shownValue(undefined)]).toEqual([
      '"1"', "1", "greedy", "true", "–",
    ]);
  });
});
