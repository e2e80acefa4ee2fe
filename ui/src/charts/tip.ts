// What a tooltip says of a trial.
import { useCallback } from "react";
import type { Frame } from "../frame/frame";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";
import { escaped } from "./axes";

/** The tooltip of a row as HTML; every name and value in it is escaped. */
export function useTrialTip(frame: Frame): (row: number | undefined) => string {
  const texts = useTexts();
  const formats = useFormats();
  return useCallback(
    (row) => {
      if (row === undefined) return "";
      const { number, value, state, params } = frame.columns;
      const title = `${texts.common.number(number[row]!)}: ${formats.value(value[row])} (${texts.state[state[row]!]})`;
      const lines = frame.parameters.map((name) => [name, params[name]![row] ?? null] as const).filter(([, one]) => one !== null);
      return [`<b>${escaped(title)}</b>`, ...lines.map(([name, one]) => escaped(`${name}: ${formats.any(one)}`))].join("<br>");
    },
    [frame, texts, formats],
  );
}
