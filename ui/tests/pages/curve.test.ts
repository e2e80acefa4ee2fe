import { describe, expect, it } from "vitest";
import { curveShape, HEIGHT } from "../../src/pages/trial/curve";

const curve = (steps: number[], values: (number | null)[]) => curveShape({ name: "loss", steps, values });

describe("the shape of a curve", () => {
  it("reaches from the left bottom to the right top", () => {
    expect(curve([0, 10], [1, 2]).lines).toEqual(["4,52 236,4"]);
  });

  it("is parted by a value that is no number, and says how many there are", () => {
    const shape = curve([1, 2, 3, 4], [1, null, 3, 2]);
    expect(shape.lines).toHaveLength(2);
    expect(shape).toMatchObject({ first: 1, last: 2, lowest: 1, highest: 3, odd: 1 });
  });

  it("is a line in the middle where all values are the same", () => {
    expect(curve([1, 2], [5, 5]).lines).toEqual([`4,${HEIGHT / 2} 236,${HEIGHT / 2}`]);
  });

  it("takes values whose difference no float holds", () => {
    expect(curve([1, 2], [-1.7e308, 1.7e308]).lines).toEqual(["4,52 236,4"]);
  });

  it("is none without values", () => {
    expect(curve([], [])).toMatchObject({ lines: [], first: null, lowest: null });
  });
});
