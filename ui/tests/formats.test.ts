import { expect, test } from "vitest";
import { timeZone } from "../src/host/locale";
import { formatsOf } from "../src/texts/formats";

const english = formatsOf({ language: "en", timeZone: "UTC" });

test("times are in Airflow's time zone", () => {
  const tokyo = formatsOf({ language: "en", timeZone: "Asia/Tokyo" });
  expect(tokyo.time("2026-11-30T20:00:00Z")).toContain("Dec 1, 2026");
  expect(tokyo.time(0)).toContain("9:00:00");
});

test("small and great values are short, others have five digits", () => {
  expect(english.value(0.98765432)).toBe("0.98765");
  expect(english.value(0.0000012)).toBe("1.2E-6");
  expect(english.value(0)).toBe("0");
  expect(english.value(null)).toBe("–");
});

test("a duration has at most two units", () => {
  expect(english.duration(3723)).toBe("1 hr 2 min");
  expect(english.duration(7180)).toBe("2 hr");
  expect(english.duration(86400)).toBe("1 day");
  expect(english.duration(4.23)).toBe("4.2 sec");
});

test("numbers are those of the language, and an unknown language is English", () => {
  expect(formatsOf({ language: "de", timeZone: "UTC" }).count(10000)).toBe("10.000");
  expect(formatsOf({ language: "no language", timeZone: "UTC" }).count(10000)).toBe("10,000");
});

test("a time zone that the browser does not know is UTC", () => {
  expect(timeZone("Asia/Tokyo")).toBe("Asia/Tokyo");
  expect(timeZone('"Asia/Seoul"')).toBe("Asia/Seoul");
  expect(timeZone("Mars/Olympus")).toBe("UTC");
  expect(timeZone(null)).toBe("UTC");
});
