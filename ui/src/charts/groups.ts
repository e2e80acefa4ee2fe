// Rows gathered into point series: one flat array of x and y for each, and the row of each point for clicks and tooltips.
import type { Frame } from "../frame/frame";

export interface Points {
  xy: Float64Array;
  rows: Uint32Array;
}

/** The points by group, in one pass: rows without x, y or a group are left out. */
export function points(x: Float64Array, y: Float64Array, group: (row: number) => string | null): Map<string, Points> {
  const rows = new Map<string, number[]>();
  for (let row = 0; row < x.length; row++) {
    const name = group(row);
    if (name === null || Number.isNaN(x[row]!) || Number.isNaN(y[row]!)) continue;
    const own = rows.get(name);
    if (own === undefined) rows.set(name, [row]);
    else own.push(row);
  }
  return new Map([...rows].map(([name, own]) => [name, pointsOf(x, y, own)]));
}

function pointsOf(x: Float64Array, y: Float64Array, rows: readonly number[]): Points {
  const xy = new Float64Array(2 * rows.length);
  rows.forEach((row, at) => {
    xy[2 * at] = x[row]!;
    xy[2 * at + 1] = y[row]!;
  });
  return { xy, rows: Uint32Array.from(rows) };
}

/** The parts of a history, by what a point means; each row is in at most one. */
export type Group = "unselected" | "start_point" | "warm_start" | "by_hand" | "infeasible" | "pruned" | "result";

export function groupOf(frame: Frame, mask: Uint8Array, row: number): Group | null {
  const { state, origin, feasible } = frame.columns;
  if (frame.counts[row] === 0 || (state[row] !== "complete" && state[row] !== "pruned")) return null;
  if (mask[row] === 0) return "unselected";
  if (feasible[row] === false) return "infeasible";
  if (state[row] === "pruned") return "pruned";
  const from = origin[row];
  if (from === "start_point" || from === "warm_start") return from;
  if (from === "champion") return "start_point";
  return from === "known" || from === "by_hand" ? "by_hand" : "result";
}

/** A test whether a row has the parameters of the champion, as far as both know them. */
export function championTest(frame: Frame, champion: { params: { [name: string]: unknown } } | null): (row: number) => boolean {
  const { origin, params } = frame.columns;
  const known = champion === null ? [] : frame.parameters.filter((name) => name in champion.params).map((name) => [params[name]!, champion.params[name]] as const);
  return (row) => origin[row] === "champion" || (known.length > 0 && known.every(([column, value]) => column[row] === value));
}
