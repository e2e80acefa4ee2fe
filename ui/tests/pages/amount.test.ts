import { describe, expect, it } from "vitest";
import { amountsOf } from "../../src/pages/decisions/amount";

describe("an effect", () => {
  it("has its sign, and is a share in percent where it is one", () => {
    expect(amountsOf("en", "relative").effect(0.01432)).toBe("+1.43%");
    expect(amountsOf("en", "absolute").effect(-1234.5)).toBe("-1,230");
    expect(amountsOf("en", "absolute").effect(0)).toBe("0");
  });

  it("is a dash where it is not known", () => {
    expect(amountsOf("en", "absolute").effect(null)).toBe("–");
  });

  it("reaches without end where the data leave an end open", () => {
    expect(amountsOf("en", "relative").interval(null, 0.02)).toBe("[−∞, +2%]");
    expect(amountsOf("en", "relative").interval(-0.02, null)).toBe("[-2%, ∞]");
  });

  it("is told in English where the browser does not know the language", () => {
    expect(amountsOf("no such language", "relative").effect(0.5)).toBe("+50%");
  });
});
