// Columns for tests: complete trials with a value and a learning rate.
import type { Columns } from "../src/api/types";

export function columns(numbers: number[], over: Partial<Columns> = {}): Columns {
  const all = <T>(value: T): T[] => numbers.map(() => value);
  return {
    since: 0, next: 0, total: numbers.length, number: numbers, state: all("complete"), value: numbers.map((n) => n / 10), started: all(0),
    finished: all(1), params: { lr: numbers.map((n) => n / 100) }, attempts: all(1), kind: all(null), origin: all(null), feasible: all(true),
    batch: all(null), pod: all(null), node: all(null), task: all("trial"), map_index: all(0), try_number: all(1), superseded: {}, invalid: [], value_marks: {},
    ...over,
  };
}
