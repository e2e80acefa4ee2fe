import { describe, expect, it } from "vitest";
import { safeLink } from "../../src/pages/trial/safe_link";

describe("a link that a program printed", () => {
  it.each(["https://mlflow.example.com/run/7", "http://grafana.example.com/"])("is one for %s", (url) => {
    expect(safeLink(url)).toBe(url);
  });

  it.each(["javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "file:///etc/passwd", "/dags", ""])("is none for %j", (url) => {
    expect(safeLink(url)).toBeNull();
  });
});
