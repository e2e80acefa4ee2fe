// A filter as a test of rows: each comparison is bound to its column once, so that 10,000 rows take milliseconds.
import type { Columns, Value } from "../api/types";
import { axisOf, type Frame } from "../frame/frame";
import type { Filter, Literal, Operator } from "./parse";

export type Test = (row: number) => boolean;
type Cell = (row: number) => Value | undefined;

/** A name that no trial has; the page lists those that there are. */
export class UnknownName extends Error {
  constructor(readonly unknown: string) {
    super(unknown);
  }
}

const TEXTS = ["state", "kind", "origin", "batch", "pod", "node", "task"] as const satisfies readonly (keyof Columns)[];
const PLAIN = [...TEXTS, "number", "value", "attempts", "feasible", "started", "finished", "map_index", "try_number"] as const;

/** Every name that a filter may use. */
export function names(frame: Frame): string[] {
  return [...PLAIN, "seconds", ...frame.parameters];
}

function cell(frame: Frame, name: string): Cell {
  const parameter = frame.columns.params[name.replace(/^params\./, "")];
  if (name === "seconds") return (row) => frame.axes.get("seconds")!.data[row];
  if ((PLAIN as readonly string[]).includes(name)) {
    const column = frame.columns[name as (typeof PLAIN)[number]] as Value[];
    return (row) => column[row];
  }
  if (parameter === undefined) throw new UnknownName(name);
  return (row) => parameter[row];
}

function equal(value: Value | undefined, wanted: Literal): boolean {
  if (value === null || value === undefined) return wanted === "none";
  return typeof value === typeof wanted ? value === wanted : String(value).toLowerCase() === String(wanted).toLowerCase();
}

function ordered(operator: Operator, wanted: number): (value: number) => boolean {
  if (operator === "<") return (value) => value < wanted;
  if (operator === "<=") return (value) => value <= wanted;
  if (operator === ">") return (value) => value > wanted;
  return (value) => value >= wanted;
}

function compare(read: Cell, operator: Operator, wanted: Literal): Test {
  if (operator === "==") return (row) => equal(read(row), wanted);
  if (operator === "!=") return (row) => !equal(read(row), wanted);
  if (operator === "~") {
    const part = String(wanted).toLowerCase();
    return (row) => String(read(row) ?? "").toLowerCase().includes(part);
  }
  const holds = ordered(operator, Number(wanted));
  return (row) => {
    const value = read(row);
    return typeof value === "number" && holds(value);
  };
}

function word(frame: Frame, wanted: string): Test {
  const part = wanted.toLowerCase();
  const texts: readonly (readonly (Value | undefined)[])[] = [
    frame.columns.number,
    ...TEXTS.map((name) => frame.columns[name]),
    ...frame.parameters.map((name) => frame.columns.params[name]!).filter((column) => column.some((value) => typeof value === "string")),
  ];
  return (row) => texts.some((column) => String(column[row] ?? "").toLowerCase().includes(part));
}

/** The test of a filter; it raises UnknownName. */
export function testOf(filter: Filter, frame: Frame): Test {
  if (filter.kind === "word") return word(frame, filter.value);
  if (filter.kind === "not") {
    const inner = testOf(filter.of, frame);
    return (row) => !inner(row);
  }
  if (filter.kind === "compare") return compare(cell(frame, filter.name), filter.operator, filter.value);
  if (filter.kind === "in") {
    const read = cell(frame, filter.name);
    return (row) => filter.values.some((value) => equal(read(row), value));
  }
  const left = testOf(filter.left, frame);
  const right = testOf(filter.right, frame);
  return filter.kind === "and" ? (row) => left(row) && right(row) : (row) => left(row) || right(row);
}

/** The name of the axis that a filter's name means, for ranges that charts draw. */
export function axisName(frame: Frame, name: string): string {
  return frame.axes.has(name) ? name : axisOf(name);
}
