// Rows gathered into point series: one flat array of x and y for each, and the row of each point for clicks and tooltips.
import type { Frame } from "../frame/frame";

export interface Points {
  xy: Float64Array;
  rows: Uint32Array;
}

/** The points of the rows that pass, where both x and y are there. On a logarithmic axis only what is above zero. */
export function points(x: Float64Array, y: Float64Array, passes: (row: number) => boolean): Points {
  const xy = new Float64Array(2 * x.length);
  const rows = new Uint32Array(x.length);
  let length = 0;
  for (let row = 0; row < x.length; row++) {
    const [across, up] = [x[row]!, y[row]!];
    if (Number.isNaN(across) || Number.isNaN(up) || !passes(row)) continue;
    xy[2 * length] = across;
    xy[2 * length + 1] = up;
    rows[length++] = row;
  }
  return { xy: xy.slice(0, 2 * length), rows: rows.slice(0, length) };
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

/** Whether a row has the parameters of the champion, as far as both know them. */
export function isChampion(frame: Frame, row: number, champion: { params: { [name: string]: unknown } } | null): boolean {
  if (frame.columns.origin[row] === "champion") return true;
  if (champion === null) return false;
  const known = frame.parameters.filter((name) => name in champion.params);
  return known.length > 0 && known.every((name) => frame.columns.params[name]![row] === champion.params[name]);
}
