// The one selection of a study: what is typed as a filter and what is drawn on charts. It stays when Airflow mounts the page again.
import { useMemo, useSyncExternalStore } from "react";
import type { Frame } from "../frame/frame";
import { parse } from "./parse";
import { testOf, UnknownName } from "./rows";
import { FilterError } from "./tokens";

export type Range = readonly [number, number];

export interface Selection {
  filter: string;
  /** For each axis the intervals of which one must hold. */
  ranges: { readonly [axis: string]: readonly Range[] };
}

export interface Selected {
  /** 1 for each row that is selected. */
  mask: Uint8Array;
  count: number;
  /** Whether anything is selected at all. */
  active: boolean;
  error: FilterError | UnknownName | null;
}

const NONE: Selection = { filter: "", ranges: {} };
const kept = new Map<number, Selection>();
const listeners = new Set<() => void>();

function set(study: number, selection: Selection): void {
  kept.set(study, selection);
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export interface Selecting extends Selection {
  setFilter(filter: string): void;
  /** Intervals of an axis; none frees it. */
  setRanges(axis: string, ranges: readonly Range[]): void;
  clear(): void;
}

/** The selection of a study and what changes it. */
export function useSelection(study: number): Selecting {
  const selection = useSyncExternalStore(subscribe, () => kept.get(study) ?? NONE);
  return useMemo(
    () => ({
      ...selection,
      setFilter: (filter) => set(study, { ...selection, filter }),
      setRanges: (axis, ranges) => {
        const next = { ...(kept.get(study) ?? NONE).ranges };
        if (ranges.length === 0) delete next[axis];
        else next[axis] = ranges;
        set(study, { ...(kept.get(study) ?? NONE), ranges: next });
      },
      clear: () => set(study, NONE),
    }),
    [study, selection],
  );
}

/** Which rows are selected. A filter that is wrong selects as if it were empty, and says what is wrong. */
export function select(frame: Frame, { filter, ranges }: Selection): Selected {
  const mask = new Uint8Array(frame.length).fill(1);
  let error: Selected["error"] = null;
  try {
    const tree = parse(filter);
    const test = tree === null ? null : testOf(tree, frame);
    if (test !== null) for (let row = 0; row < frame.length; row++) mask[row] = test(row) ? 1 : 0;
  } catch (failure) {
    if (!(failure instanceof FilterError || failure instanceof UnknownName)) throw failure;
    error = failure;
  }
  for (const [name, intervals] of Object.entries(ranges)) {
    const data = frame.axes.get(name)?.data;
    if (data === undefined) continue;
    for (let row = 0; row < frame.length; row++) {
      const value = data[row]!;
      if (!intervals.some(([low, high]) => value >= low && value <= high)) mask[row] = 0;
    }
  }
  let count = 0;
  for (let row = 0; row < frame.length; row++) count += mask[row]!;
  return { mask, count, active: filter.trim() !== "" || Object.keys(ranges).length > 0, error };
}
