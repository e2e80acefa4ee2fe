// Points of a small line: where the values of a curve lie in a box, in its own units.
import type { Curve } from "../../api/types";

export const WIDTH = 240;
export const HEIGHT = 56;
const ROOM = 4;

export interface CurveShape {
  /** Lines between values in a row; a value that is no number parts them. */
  lines: string[];
  first: number | null;
  last: number | null;
  lowest: number | null;
  highest: number | null;
  /** How many values are no numbers. */
  odd: number;
}

/** The shape of a curve, from its lowest value at the bottom to its highest at the top. */
export function curveShape({ steps, values }: Curve): CurveShape {
  const numbers = values.filter((value) => value !== null);
  const lowest = numbers.length ? Math.min(...numbers) : null;
  const highest = numbers.length ? Math.max(...numbers) : null;
  const x = scale(Math.min(...steps), Math.max(...steps), ROOM, WIDTH - ROOM);
  const y = scale(lowest ?? 0, highest ?? 0, HEIGHT - ROOM, ROOM);
  const lines: string[][] = [[]];
  steps.forEach((step, index) => {
    const value = values[index] ?? null;
    if (value === null) lines.push([]);
    else lines.at(-1)?.push(`${x(step)},${y(value)}`);
  });
  return {
    lines: lines.filter((line) => line.length > 0).map((line) => line.join(" ")),
    first: numbers[0] ?? null,
    last: numbers.at(-1) ?? null,
    lowest,
    highest,
    odd: values.length - numbers.length,
  };
}

function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  // Halves, because the difference of two huge values may overflow.
  const whole = high / 2 - low / 2;
  return (value) => Math.round((whole > 0 ? from + ((value / 2 - low / 2) / whole) * (to - from) : (from + to) / 2) * 10) / 10;
}
