import { describe, expect, it } from "vitest";
import { changedSettings, settingTexts } from "../../src/pages/acts/changed_settings";

const SETTINGS = { parallelism: 10, max_trials: 100, timeout_seconds: 43200, sampler: "tpe", most_trials: 130, most_parallelism: 20 };
const TEXTS = settingTexts(SETTINGS);

describe("settings that a person typed", () => {
  it("begin with what the study has, which changes nothing", () => {
    expect(TEXTS).toEqual({ parallelism: "10", max_trials: "100", hours: "12", sampler: "tpe" });
    expect(changedSettings(SETTINGS, TEXTS)).toEqual({});
  });

  it("are sent where they differ, a time in seconds", () => {
    expect(changedSettings(SETTINGS, { ...TEXTS, hours: "0.5", sampler: "random" })).toEqual({ timeout_seconds: 1800, sampler: "random" });
  });

  it("stay as they are where a field is emptied", () => {
    expect(changedSettings(SETTINGS, { ...TEXTS, parallelism: " " })).toEqual({});
  });

  it("have no time limit any more where it is emptied", () => {
    expect(changedSettings(SETTINGS, { ...TEXTS, hours: "" })).toEqual({ timeout_seconds: null });
    expect(changedSettings({ ...SETTINGS, timeout_seconds: null }, { ...TEXTS, hours: "" })).toEqual({});
  });

  it.each(["x", "0", "-3", "2.5", "Infinity"])("are not sent while one of them is %j", (parallelism) => {
    expect(changedSettings(SETTINGS, { ...TEXTS, parallelism })).toBeNull();
  });
});
