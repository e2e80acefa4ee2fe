// Layout of a forest plot: paired differences by scenario on one axis with the effect and its interval.
import type { EffectFound, EvaluationPair, ScenarioDifference } from "../../api/deciding";

/** More rows than these say less than the largest of them. */
export const MOST_ROWS = 200;

export interface ForestRow extends ScenarioDifference {
  /** From the least to the largest difference of its variants and replicates; null where there is one. */
  spread: [number, number] | null;
}

export interface Forest {
  rows: ForestRow[];
  hidden: number;
  domain: [number, number];
  ticks: number[];
  better: number;
  worse: number;
}

export interface Compared {
  by_scenario: readonly ScenarioDifference[];
  pairs: readonly EvaluationPair[];
  effect: EffectFound | null;
  min_improvement: number | null;
}

export type Order = "given" | "size";

/** The forest of a comparison: differences become shares of the champion's mean where the effect is one. */
export function forest(compared: Compared, order: Order = "given"): Forest {
  const unit = compared.effect?.scale === "relative" ? championMean(compared.by_scenario) : 1;
  const spreads = spreadsOf(compared.pairs, unit);
  const all = compared.by_scenario.map((each) => rowOf(each, unit, spreads.get(each.scenario) ?? null));
  const sorted = order === "size" ? [...all].sort((a, b) => sortable(b) - sortable(a)) : all;
  const rows = sorted.slice(0, MOST_ROWS);
  const { effect, min_improvement } = compared;
  const shown = [0, min_improvement, effect?.estimate, effect?.low, effect?.high];
  const domain = domainOf([...shown, ...rows.flatMap((row) => [row.difference, ...(row.spread ?? [])])].filter(isNumber));
  return {
    rows,
    hidden: all.length - rows.length,
    domain,
    ticks: ticks(domain, 5),
    better: all.filter((row) => (row.difference ?? 0) > 0).length,
    worse: all.filter((row) => (row.difference ?? 0) < 0).length,
  };
}

/** Where a value lies on the axis, in percent of its width, never outside. */
export function percentAt(value: number, [low, high]: [number, number]): number {
  return Math.min(100, Math.max(0, ((value - low) / (high - low)) * 100));
}

/** Round values within a domain, about as many as wanted. */
export function ticks([low, high]: [number, number], wanted: number): number[] {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function rowOf(found: ScenarioDifference, unit: number, spread: [number, number] | null): ForestRow {
  return { ...found, difference: found.difference === null ? null : found.difference / unit, spread };
}

function spreadsOf(pairs: readonly EvaluationPair[], unit: number): Map<string, [number, number]> {
  const found = new Map<string, number[]>();
  for (const { scenario, difference } of pairs) {
    if (difference !== null) found.set(scenario, [...(found.get(scenario) ?? []), difference / unit]);
  }
  const several = [...found].filter(([, values]) => values.length > 1);
  return new Map(several.map(([scenario, values]) => [scenario, [Math.min(...values), Math.max(...values)]]));
}

/** What a relative effect is a share of; 1 where the champion's values give none. */
function championMean(scenarios: readonly ScenarioDifference[]): number {
  const paired = scenarios.filter((each) => each.difference !== null);
  const values = paired.map((each) => each.champion).filter(isNumber);
  return Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length) || 1;
}

function domainOf(values: readonly number[]): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low || 1) * 0.06;
  return [low - room, high + room];
}

function sortable(row: ForestRow): number {
  return row.difference ?? Number.NEGATIVE_INFINITY;
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
