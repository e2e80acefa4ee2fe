// Numbers, dates and durations as the language and the time zone of the person have them.
import { useMemo } from "react";
import { useLocale, type Locale } from "../host/locale";
import type { Json } from "../api/types";

export interface Formats {
  /** A count, with the separators of the language. */
  count(value: number): string;
  /** A measured value to five digits, such as an objective or a parameter. */
  value(value: number | null | undefined): string;
  percent(share: number): string;
  /** A date with its time; from ISO text or seconds since 1970. */
  time(moment: string | number | null | undefined): string;
  duration(seconds: number | null | undefined): string;
  /** A parameter's value of any kind. */
  any(value: Json | undefined): string;
}

const NOTHING = "–";
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

function parts(seconds: number): [number, "day" | "hour" | "minute" | "second"][] {
  const whole = seconds >= 10 ? Math.round(seconds) : Math.round(seconds * 10) / 10;
  const first = UNITS.findIndex(([, size]) => whole >= size);
  if (first < 0) return [[whole, "second"]];
  const [unit, size] = UNITS[first]!;
  const next = UNITS[first + 1];
  if (next === undefined) return [[whole, unit]];
  const rest = Math.round((whole % size) / next[1]);
  // 59.6 minutes after an hour are the next hour
  if (rest * next[1] >= size) return [[Math.floor(whole / size) + 1, unit]];
  return rest === 0 ? [[Math.floor(whole / size), unit]] : [[Math.floor(whole / size), unit], [rest, next[0]]];
}

/** Formats of a language and a time zone; a language that the browser does not know is English. */
export function formatsOf({ language, timeZone }: Locale): Formats {
  let tag = "en";
  try {
    tag = Intl.getCanonicalLocales(language)[0] ?? "en";
  } catch {
    // Airflow's own name of a language that is no standard tag
  }
  const counts = new Intl.NumberFormat(tag);
  const values = new Intl.NumberFormat(tag, { maximumSignificantDigits: 5 });
  const small = new Intl.NumberFormat(tag, { maximumSignificantDigits: 4, notation: "scientific" });
  const percents = new Intl.NumberFormat(tag, { style: "percent", maximumFractionDigits: 1 });
  const times = new Intl.DateTimeFormat(tag, { timeZone, dateStyle: "medium", timeStyle: "medium" });
  const units = new Map(
    UNITS.map(([unit]) => [unit, new Intl.NumberFormat(tag, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 })]),
  );
  const value: Formats["value"] = (number) => {
    if (number === null || number === undefined) return NOTHING;
    const size = Math.abs(number);
    return size !== 0 && (size < 1e-4 || size >= 1e9) ? small.format(number) : values.format(number);
  };
  return {
    count: (number) => counts.format(number),
    value,
    percent: (share) => percents.format(share),
    time: (moment) => {
      if (moment === null || moment === undefined) return NOTHING;
      return times.format(typeof moment === "number" ? moment * 1000 : new Date(moment));
    },
    duration: (seconds) => {
      if (seconds === null || seconds === undefined) return NOTHING;
      return parts(Math.max(0, seconds)).map(([amount, unit]) => units.get(unit)!.format(amount)).join(" ");
    },
    any: (item) => {
      if (item === null || item === undefined) return NOTHING;
      if (typeof item === "number") return value(item);
      return typeof item === "string" ? item : JSON.stringify(item);
    },
  };
}

/** Formats of the person who looks. */
export function useFormats(): Formats {
  const locale = useLocale();
  return useMemo(() => formatsOf(locale), [locale]);
}
