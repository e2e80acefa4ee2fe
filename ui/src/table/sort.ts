// The order of rows: by a column, what has no value last in either direction, equal ones by number.
import type { Value } from "../api/types";

export interface Order {
  column: string;
  descending: boolean;
}

function compare(one: Value, two: Value): number {
  if (typeof one === "number" && typeof two === "number") return one - two;
  const [left, right] = [String(one), String(two)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The rows that the mask has, in order. */
export function sorted(mask: Uint8Array, raw: (row: number) => Value, descending: boolean): Uint32Array {
  const rows: number[] = [];
  for (let row = 0; row < mask.length; row++) if (mask[row] === 1) rows.push(row);
  const values = rows.map(raw);
  const order = Array.from(rows.keys()).sort((one, two) => {
    const [left, right] = [values[one]!, values[two]!];
    if (left === null || right === null) return left === right ? one - two : left === null ? 1 : -1;
    return (descending ? compare(right, left) : compare(left, right)) || one - two;
  });
  return Uint32Array.from(order, (at) => rows[at]!);
}
