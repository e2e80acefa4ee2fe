// Columns of trials that grow: an answer holds the trials from a number on, which replace those that are there.
import type { Columns } from "./types";

const PLAIN = [
  "number", "state", "value", "started", "finished", "attempts", "kind", "origin", "feasible", "batch", "pod", "node", "task",
  "map_index", "try_number",
] as const satisfies readonly (keyof Columns)[];

/** The place of the first trial with this number or a higher one; numbers are sorted. */
export function indexOf(numbers: readonly number[], wanted: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A column of parameters as long as the others: one that a branch of the space did not have is null. */
function filled<T>(column: readonly T[] | undefined, length: number): (T | null)[] {
  if (column === undefined) return new Array<null>(length).fill(null);
  return column.length === length ? [...column] : column.slice(0, length);
}

/** What was there up to `later.since`, and then what came. Trials that were replaced or taken back are told by every answer. */
export function merge(earlier: Columns | undefined, later: Columns): Columns {
  if (earlier === undefined || later.since <= 0) return later;
  const kept = indexOf(earlier.number, later.since);
  const joined = { ...later, params: {} as Columns["params"] };
  for (const name of PLAIN) {
    (joined as Record<string, unknown>)[name] = [...(earlier[name] as unknown[]).slice(0, kept), ...(later[name] as unknown[])];
  }
  for (const name of new Set([...Object.keys(earlier.params), ...Object.keys(later.params)])) {
    joined.params[name] = [...filled(earlier.params[name], kept), ...filled(later.params[name], later.number.length)];
  }
  return takenBack(joined);
}

/** Trials that were taken back after they had been sent. */
function takenBack(columns: Columns): Columns {
  for (const number of columns.invalid) {
    const row = indexOf(columns.number, number);
    if (columns.number[row] !== number) continue;
    columns.state[row] = "failed";
    columns.value[row] = null;
  }
  return columns;
}
