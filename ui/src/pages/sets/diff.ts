// Difference between the parameters of two versions.
export type Params = Record<string, unknown>;
export type Change = "same" | "changed" | "added" | "removed";

export interface DiffRow {
  name: string;
  old: unknown;
  new: unknown;
  change: Change;
  /** By what share a number changed; null where that says nothing. */
  share: number | null;
}

/** A row for every parameter of either version, those that differ first. */
export function diff(old: Params, next: Params): DiffRow[] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(next)])];
  const rows = names.map((name) => row(name, old, next));
  return [...rows.filter((each) => each.change !== "same"), ...rows.filter((each) => each.change === "same")];
}

/** A value as people read it, so that the text "1" and the number 1 look different. */
export function shownValue(value: unknown): string {
  if (value === undefined) return "–";
  if (typeof value === "string") return /^[\s\d.+-]*$/.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value);
}

function row(name: string, old: Params, next: Params): DiffRow {
  const [before, after] = [own(old, name), own(next, name)];
  return { name, old: before, new: after, change: changeOf(name, old, next), share: shareOf(before, after) };
}

function changeOf(name: string, old: Params, next: Params): Change {
  if (!Object.hasOwn(old, name)) return "added";
  if (!Object.hasOwn(next, name)) return "removed";
  return JSON.stringify(old[name]) === JSON.stringify(next[name]) ? "same" : "changed";
}

function own(params: Params, name: string): unknown {
  return Object.hasOwn(params, name) ? params[name] : undefined;
}

/** By what share a number changed; null where that says nothing. */
export function shareOf(before: unknown, after: unknown): number | null {
  if (typeof before !== "number" || typeof after !== "number" || before === 0 || before === after) return null;
  return (after - before) / Math.abs(before);
}
