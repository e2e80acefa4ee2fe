// Settings that a person typed, and which of them differ from what the study has.
import type { Settings } from "../../api/types";

export interface SettingTexts {
  parallelism: string;
  max_trials: string;
  /** In hours, as people think of a night or a weekend. */
  hours: string;
  sampler: string;
}

export interface ChangedSettings {
  parallelism?: number;
  max_trials?: number;
  /** Null takes the limit away. */
  timeout_seconds?: number | null;
  sampler?: string;
}

/** The settings of a study as texts of a form. */
export function settingTexts(settings: Settings): SettingTexts {
  return {
    parallelism: text(settings.parallelism),
    max_trials: text(settings.max_trials),
    hours: text(settings.timeout_seconds === null ? null : settings.timeout_seconds / 3600),
    sampler: settings.sampler,
  };
}

/** What differs from the study's settings; null while a text is no number. What is emptied stays as it is, but for the time limit. */
export function changedSettings(settings: Settings, texts: SettingTexts): ChangedSettings | null {
  const before = settingTexts(settings);
  const found: ChangedSettings = {};
  if (differs(before.parallelism, texts.parallelism)) found.parallelism = Number(texts.parallelism);
  if (differs(before.max_trials, texts.max_trials)) found.max_trials = Number(texts.max_trials);
  if (before.hours !== "" && texts.hours.trim() === "") found.timeout_seconds = null;
  else if (differs(before.hours, texts.hours)) found.timeout_seconds = Math.round(Number(texts.hours) * 3600);
  if (differs(before.sampler, texts.sampler)) found.sampler = texts.sampler.trim();
  const whole = [found.parallelism, found.max_trials, found.timeout_seconds].filter((value) => typeof value === "number");
  return whole.every((value) => Number.isInteger(value) && value > 0) ? found : null;
}

function differs(before: string, now: string): boolean {
  return now.trim() !== "" && now.trim() !== before;
}

function text(value: number | null): string {
  return value === null ? "" : String(value);
}
