// Effects as people read them: with their sign, and as a share in percent where they are one.
import { useMemo } from "react";
import { useLocale } from "../../host/locale";

export interface Amounts {
  /** An effect with its sign. */
  effect(value: number | null): string;
  /** From where to where; an end that the data leave open is infinite. */
  interval(low: number | null, high: number | null): string;
}

const UNKNOWN = "–";

/** Amounts of a scale in a language; one that the browser does not know is English. */
export function amountsOf(language: string, scale: string): Amounts {
  const share: Intl.NumberFormatOptions = scale === "relative" ? { style: "percent" } : {};
  const options = { ...share, maximumSignificantDigits: 3, signDisplay: "exceptZero" } as const;
  const number = formatOf(language, options);
  const effect: Amounts["effect"] = (value) => (value === null ? UNKNOWN : number.format(value));
  return { effect, interval: (low, high) => `[${low === null ? "−∞" : effect(low)}, ${high === null ? "∞" : effect(high)}]` };
}

/** Amounts of a scale for the person who looks. */
export function useAmounts(scale: string): Amounts {
  const { language } = useLocale();
  return useMemo(() => amountsOf(language, scale), [language, scale]);
}

function formatOf(language: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  try {
    return new Intl.NumberFormat(language, options);
  } catch {
    return new Intl.NumberFormat("en", options);
  }
}
