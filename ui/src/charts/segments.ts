// Attempts as pieces of lines, one series for waiting and one for each outcome: 10,000 of them are drawn at once.
import type { Attempts } from "../api/types";

export const PARTS = ["waiting", "running", "complete", "pruned", "failed"] as const;
export type Part = (typeof PARTS)[number];

export interface Segments {
  /** `2, x0, y0, x1, y1` for each piece, as ECharts takes lines. Seconds since the beginning. */
  flat: Float64Array;
  rows: Uint32Array;
}

export interface Timeline {
  start: number;
  /** Seconds from the first start to the last end. */
  length: number;
  lanes: number;
  parts: Map<Part, Segments>;
}

function partOf(outcome: string, finished: number | null): Part {
  if (finished === null) return "running";
  if (outcome === "complete" || outcome === "completed" || outcome === "success") return "complete";
  return outcome === "pruned" ? "pruned" : "failed";
}

/** A lane for each attempt: its slot where it is known, else the first lane that is free when it starts. */
export function lanes(attempts: Attempts, now: number): Uint32Array {
  if (attempts.slot.some((slot) => slot !== null)) return Uint32Array.from(attempts.slot, (slot) => slot ?? 0);
  const order = Array.from(attempts.started.keys()).sort((one, two) => attempts.started[one]! - attempts.started[two]!);
  const lane = new Uint32Array(attempts.started.length);
  const free: number[] = [];
  for (const row of order) {
    const found = free.findIndex((until) => until <= attempts.started[row]!);
    const own = found < 0 ? free.length : found;
    free[own] = attempts.finished[row] ?? now;
    lane[row] = own;
  }
  return lane;
}

/** All attempts as pieces of lines. */
export function timelineOf(attempts: Attempts, now: number): Timeline {
  const start = attempts.started.reduce((least, one) => Math.min(least, one), Infinity);
  const lane = lanes(attempts, now);
  const collected = new Map<Part, { flat: number[]; rows: number[] }>(PARTS.map((part) => [part, { flat: [], rows: [] }]));
  let end = 0;
  const add = (part: Part, row: number, from: number, until: number): void => {
    const into = collected.get(part)!;
    into.flat.push(2, from, lane[row]!, until, lane[row]!);
    into.rows.push(row);
  };
  for (let row = 0; row < attempts.started.length; row++) {
    const from = attempts.started[row]! - start;
    const until = (attempts.finished[row] ?? now) - start;
    const ran = Math.min(until, from + (attempts.waiting[row] ?? 0));
    if (ran > from) add("waiting", row, from, ran);
    if (until > ran) add(partOf(attempts.outcome[row]!, attempts.finished[row] ?? null), row, ran, until);
    end = Math.max(end, until);
  }
  const parts = new Map([...collected].map(([part, { flat, rows }]) => [part, { flat: Float64Array.from(flat), rows: Uint32Array.from(rows) }]));
  return { start, length: end, lanes: lane.reduce((most, one) => Math.max(most, one + 1), 0), parts };
}

/** The share of the time in which lanes were busy with waiting and with running. */
export function utilisation(timeline: Timeline): { waiting: number; running: number } {
  const whole = Math.max(timeline.lanes * timeline.length, 1e-9);
  const sum = (part: Part): number => {
    const { flat } = timeline.parts.get(part)!;
    let total = 0;
    for (let at = 0; at < flat.length; at += 5) total += flat[at + 3]! - flat[at + 1]!;
    return total / whole;
  };
  return { waiting: sum("waiting"), running: PARTS.filter((part) => part !== "waiting").reduce((total, part) => total + sum(part), 0) };
}
