// The lines of parallel coordinates in five series by value, the best on top: a colour for each line alone would cost seconds.
import { isResult, VALUE, type Frame } from "../frame/frame";
import type { Selected } from "../filter/selection";
import type { Colours } from "../host/colours";
import { withMissing } from "./axes";

export interface Band {
  name: string;
  flat: Float64Array;
  colour: keyof Colours;
  opacity: number;
  width: number;
}

const LOOKS = [
  { colour: "faint", opacity: 0.25, width: 1 },
  { colour: "series", opacity: 0.25, width: 1 },
  { colour: "series", opacity: 0.4, width: 1 },
  { colour: "best", opacity: 0.55, width: 1.2 },
  { colour: "best", opacity: 1, width: 2 },
] as const;
// Shares of the results in each band, from the worst: the last is the best 2 %.
const SHARES = [0.5, 0.8, 0.95, 0.98, 1];

/** One row after another, one number for each axis; a category that a trial does not have is a place of its own. */
function flat(frame: Frame, rows: readonly number[], axes: readonly string[]): Float64Array {
  const data = new Float64Array(rows.length * axes.length);
  axes.forEach((name, across) => {
    const axis = frame.axes.get(name)!;
    const missing = withMissing(axis)?.missing ?? NaN;
    rows.forEach((row, at) => {
      const value = axis.data[row]!;
      data[at * axes.length + across] = Number.isNaN(value) ? missing : value;
    });
  });
  return data;
}

/** The selected results by value; few enough are drawn stronger. */
export function bands(frame: Frame, axes: readonly string[], selected: Selected): Band[] {
  const value = frame.axes.get(VALUE)!.data;
  const rows: number[] = [];
  for (let row = 0; row < frame.length; row++) if (selected.mask[row] === 1 && isResult(frame, row)) rows.push(row);
  rows.sort((one, two) => (frame.minimize ? value[two]! - value[one]! : value[one]! - value[two]!));
  // Thousands of lines over each other would be one area.
  const strong = rows.length < 300 ? 2 : rows.length < 1500 ? 1 : 0.4;
  let from = 0;
  return LOOKS.map(({ colour, opacity, width }, band) => {
    const until = band === LOOKS.length - 1 ? rows.length : Math.floor(rows.length * SHARES[band]!);
    const part = rows.slice(from, until);
    from = until;
    return { name: `band${band}`, flat: flat(frame, part, axes), colour, opacity: Math.min(1, opacity * strong), width };
  }).filter((band) => band.flat.length > 0);
}
