// The trials of a study as numbers: what charts, filters and the table read. Made once for each answer of the server.
import type { Columns, Study, Value } from "../api/types";

/** A property of trials that can be an axis: numbers, or the places of its values in `categories`. NaN: it has none. */
export interface Axis {
  name: string;
  label: string;
  data: Float64Array;
  log: boolean;
  categories: string[] | null;
  parameter: boolean;
}

export interface Frame {
  columns: Columns;
  length: number;
  axes: Map<string, Axis>;
  /** The names of the parameters, as declared. */
  parameters: string[];
  /** Rows that count: not replaced by another trial and not taken back. */
  counts: Uint8Array;
  minimize: boolean;
}

export const NUMBER = "number";
export const VALUE = "value";
export const SECONDS = "seconds";

function numbers(values: readonly (number | null)[]): Float64Array {
  const data = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) data[row] = values[row] ?? NaN;
  return data;
}

function text(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function categorical(values: readonly Value[], declared: readonly string[]): [Float64Array, string[]] {
  const places = new Map(declared.map((name, place) => [name, place]));
  const data = new Float64Array(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row] ?? null;
    if (value === null) {
      data[row] = NaN;
      continue;
    }
    const name = text(value);
    let place = places.get(name);
    if (place === undefined) {
      place = places.size;
      places.set(name, place);
    }
    data[row] = place;
  }
  return [data, [...places.keys()]];
}

function parameterAxis(name: string, values: readonly Value[], study: Study): Axis {
  const declared = study.parameters.find((parameter) => parameter.name === name);
  const numeric = declared?.choices == null && values.every((value) => value === null || typeof value === "number");
  const base = { name, label: name, parameter: true };
  if (numeric) return { ...base, data: numbers(values as (number | null)[]), log: declared?.log ?? false, categories: null };
  const choices = (declared?.choices ?? []).map((choice) => text(choice as Value));
  const [data, categories] = categorical(values, choices);
  return { ...base, data, log: false, categories };
}

function seconds(columns: Columns): Float64Array {
  return numbers(
    columns.started.map((started, row) => {
      const finished = columns.finished[row] ?? null;
      return started === null || finished === null ? null : finished - started;
    }),
  );
}

/** The frame of a study's trials; `labels` name the axes that are no parameters. */
export function frameOf(columns: Columns, study: Study, labels: { number: string; seconds: string }): Frame {
  const axes = new Map<string, Axis>();
  const plain = (name: string, label: string, data: Float64Array): void => {
    axes.set(name, { name, label, data, log: false, categories: null, parameter: false });
  };
  plain(NUMBER, labels.number, numbers(columns.number));
  plain(VALUE, study.metric, numbers(columns.value));
  plain(SECONDS, labels.seconds, seconds(columns));
  const declared = study.parameters.map((parameter) => parameter.name).filter((name) => name in columns.params);
  const parameters = [...declared, ...Object.keys(columns.params).filter((name) => !declared.includes(name))];
  for (const name of parameters) axes.set(axisOf(name), parameterAxis(name, columns.params[name] ?? [], study));
  const gone = new Set([...Object.keys(columns.superseded).map(Number), ...columns.invalid]);
  const counts = Uint8Array.from(columns.number, (number) => (gone.has(number) ? 0 : 1));
  return { columns, length: columns.number.length, axes, parameters, counts, minimize: study.direction === "minimize" };
}

/** The name of a parameter's axis, which cannot meet the name of another property. */
export function axisOf(parameter: string): string {
  return `params.${parameter}`;
}

/** Rows whose value counts as a result: complete, of a finite value, neither replaced nor taken back. */
export function isResult(frame: Frame, row: number): boolean {
  return frame.counts[row] === 1 && frame.columns.state[row] === "complete" && frame.columns.value[row] != null;
}

/** The best value so far, for each result that may be the best: pairs of a trial's number and the best value up to it. */
export function bestLine(frame: Frame): Float64Array {
  const { number, value, feasible } = frame.columns;
  const line = new Float64Array(2 * frame.length);
  let length = 0;
  let best = NaN;
  for (let row = 0; row < frame.length; row++) {
    if (!isResult(frame, row) || feasible[row] === false) continue;
    const now = value[row]!;
    if (Number.isNaN(best) || (frame.minimize ? now < best : now > best)) best = now;
    line[length++] = number[row]!;
    line[length++] = best;
  }
  return line.slice(0, length);
}
