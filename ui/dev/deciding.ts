// Made-up comparisons and parameter sets for `npm run dev`, ordinary and awkward ones.

import type { Comparison, EvaluationPair, ParameterSet, ScenarioDifference, Version } from "../src/api/deciding";

const HOUR = 3_600_000;
const NOW = Date.parse("2026-11-30T09:00:00Z");
const ago = (hours: number): string => new Date(NOW - hours * HOUR).toISOString();
const task = (task_id: string, map_index = -1) => ({
  dag_id: "retune_taxi", run_id: "scheduled__2026-11-30T00:00:00+00:00", task_id, map_index, try_number: 1,
});

/** Repeatable noise between -1 and 1. */
function noise(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43758.5453;
  return (value - Math.floor(value)) * 2 - 1;
}

function pairs(count: number, gain: number, spread: number, variants: (string | null)[], absent: number[] = []) {
  return Array.from({ length: count }, (_, day) =>
    variants.map((variant, index) => {
      const champion = 184_000 + 9_000 * Math.sin(day / 1.1) + 2_500 * noise(day + 7) - index * 6_000;
      const missing = absent.includes(day);
      const difference = missing ? null : champion * (gain + spread * noise(day * 3 + index));
      const scenario = new Date(Date.parse("2026-11-01") + day * 24 * HOUR).toISOString().slice(0, 10);
      return { scenario, variant, replicate: null, champion, challenger: difference === null ? null : champion + difference, difference };
    }),
  ).flat();
}

/** Means by scenario, as the server gives them. */
function byScenario(found: readonly EvaluationPair[]): ScenarioDifference[] {
  return [...new Set(found.map((each) => each.scenario))].map((scenario) => {
    const own = found.filter((each) => each.scenario === scenario);
    const mean = (name: "champion" | "challenger" | "difference"): number | null => {
      const values = own.map((each) => each[name]).filter((value) => value !== null);
      return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
    };
    return { scenario, champion: mean("champion"), challenger: mean("challenger"), difference: mean("difference") };
  });
}

const effect = (estimate: number, low: number | null, high: number | null, scale = "relative", unit: string | null = null) => ({ estimate, low, high, scale, unit, confidence: 0.9 });
const variant = (name: string, champion: number, challenger: number) => ({
  variant: name, champion, challenger, estimate: challenger / champion - 1, low: challenger / champion - 1.01, high: challenger / champion - 0.99,
});
const rail = { scale: "absolute", champion: 171, challenger: 169, p_value: 0.01 };

const LINE = {
  family: "dispatch-tokyo", parameter_set: "dispatch/tokyo", created_at: ago(3), dag_id: "retune_taxi",
  run_id: "scheduled__2026-11-30T00:00:00+00:00", task_id: "compare.compare", champion_version: 3, look: 1, looks: 4, next_look: null,
};
const REST = {
  metric: "revenue", direction: "maximize" as const, champion_label: "champion (version 3)", challenger_label: "challenger-1", effective: null,
  windows: [{ name: "tuned on", start: "2026-09-01T00:00:00Z", end: "2026-10-01T00:00:00Z" }, { name: "compared on", start: "2026-11-01T00:00:00Z", end: "2026-11-15T00:00:00Z" }],
  missing: [], replicates: 1, min_improvement: 0.01, challenger_trial: { study: 12, number: 33 }, variants: [], guardrails: [], candidates: [], changes: [], remarks: [], evaluations: [{ id: 21, name: "dispatch-tokyo/.evaluation@2026-11-30" }],
  study: { id: 12, name: "dispatch-tokyo@scheduled__2026-11-30" }, report: "## Promote\n\nSee above.\n", level: 0.05,
  error: { budget: null, charged: null, left: null, sentence: null }, may: { answer: true },
};

const PROMOTE: Omit<Comparison, "by_scenario"> = {
  ...LINE, ...REST, id: 3, verdict: "promote", scenarios: 14, effective: 9.3, p_value: 0.0031, level: 0.0125,
  sentence: "Promote challenger-1: revenue is better by 1.43 % (0.71 % to 2.15 %), and every guardrail holds.",
  answer: { choice: null, by: null, asked_at: ago(2.9), until: ago(-165), answered_at: null, task: task("approve") },
  effect: effect(0.0143, 0.0071, 0.0215),
  error: { budget: 0.05, charged: 0.0125, left: 0.0375, sentence: "Error budget, 5 % a year: this comparison may err with 1.25 %, 3.75 % is left for others on the same data, and a month of new data brings 0.42 %." },
  pairs: pairs(14, 0.0143, 0.03, ["model", "statistics"], [9]),
  missing: [{ scenario: "2026-11-10", who: "infrastructure", reason: "Its node was lost, three times." }],
  variants: [variant("model", 185_210, 187_803), variant("statistics", 179_004, 182_942)],
  guardrails: [
    { ...rail, metric: "mean_wait_s", direction: "minimize", margin: 10, estimate: 2.1, low: -1.4, high: 5.6, kept: true, sentence: "mean_wait_s loses at most 10: it is better by 2.1 (-1.4 to 5.6)." },
    { ...rail, metric: "cancelled_share", direction: "minimize", margin: 0.002, estimate: null, low: null, high: null, kept: null, sentence: "cancelled_share was not measured in enough scenarios." },
  ],
  candidates: [{ label: "challenger-1", validated: 187_803, tuned: 190_120, inflation: 2_317 }, { label: "challenger-2", validated: 186_950, tuned: 189_777, inflation: 2_827 }, { label: "challenger-3", validated: null, tuned: 189_500, inflation: null }],
  changes: [{ name: "discount", champion: 0.95, challenger: 0.972 }, { name: "max_wait_s", champion: 300, challenger: 420 }, { name: "solver", champion: "greedy", challenger: "hungarian" }, { name: "left_turn_weight", champion: 1.2, challenger: 1.2 }],
  remarks: ["challenger-1, revenue: 14 scenarios in a row are worth 9.3 independent ones: the weekday was taken out."],
};

const FIRST: Omit<Comparison, "by_scenario"> = {
  ...LINE, ...REST, id: 1, verdict: "promote", created_at: ago(9000), champion_version: null, champion_label: "–", scenarios: 7,
  sentence: "Promote challenger-1: nothing is in use yet.", effect: null, p_value: null, level: null, pairs: pairs(7, 0, 0, [null]).map((each) => ({ ...each, champion: null, difference: null })),
  answer: { choice: "Approve", by: "ann", asked_at: ago(8999), until: ago(8800), answered_at: ago(8990), task: task("approve") },
};

const INCONCLUSIVE: Omit<Comparison, "by_scenario"> = {
  ...LINE, ...REST, id: 4, verdict: "inconclusive", look: 3, scenarios: 60, effective: 41.7, p_value: 0.31, level: 0.0042, answer: null, created_at: ago(1),
  sentence: "Inconclusive after look 3 of 4: revenue is better by 0.2 % (-0.6 % to 1 %), and less than 1 % was not ruled out.",
  effect: effect(0.002, -0.006, 0.01), pairs: pairs(60, 0.002, 0.04, [null]), may: { answer: false },
  changes: Array.from({ length: 25 }, (_, index) => ({ name: `weight_of_road_class_${index}`, champion: 1 + index / 10, challenger: 1 + index / 10 + noise(index) })),
};

const BROKEN: Omit<Comparison, "by_scenario"> = {
  ...LINE, ...REST, id: 5, verdict: "keep", family: "dispatch <b>osaka</b>", parameter_set: "dispatch/<img src=x onerror=alert(1)>", created_at: ago(30), scenarios: 14, p_value: 1,
  sentence: "Keep the champion: challenger-1 breaks the guardrail mean_wait_s, which is worse by 41 s (30 to 52), and may lose 10.",
  answer: { choice: "Reject", by: null, asked_at: ago(29), until: ago(5), answered_at: ago(5), task: task("approve") },
  effect: effect(5210, null, null, "absolute", "yen"), pairs: pairs(14, 0.028, 0.02, [null]),
  guardrails: [{ ...rail, metric: "mean_wait_s", direction: "minimize", margin: 10, estimate: -41, low: -52, high: -30, kept: false, sentence: "mean_wait_s is worse by 41 (30 to 52), and may lose 10." }],
};

export const COMPARISONS: Comparison[] = [INCONCLUSIVE, PROMOTE, BROKEN, FIRST].map((each) => ({ ...each, by_scenario: byScenario(each.pairs) }));

const version = (number: number, hours: number, params: Version["params"], provenance: Version["provenance"], restores: number | null = null): Version => ({
  version: number, created_at: ago(hours), params, provenance, restores, study: 12, approval: null,
});
const move = (from_version: number | null, to_version: number, action: string, by: string | null, reason: string | null, hours: number, comparison: number | null = null) => ({
  from_version, to_version, action, by, reason, at: ago(hours), comparison,
});

export const SETS: ParameterSet[] = [
  {
    name: "dispatch/tokyo", dag_id: "retune_taxi", version: 3, may: { rollback: true },
    versions: [
      version(3, 2000, { discount: 0.95, max_wait_s: 300, solver: "greedy", left_turn_weight: 1.2 }, { reason: "Complaints about long ways." , acted_by: "mio" }, 1),
      version(2, 5000, { discount: 0.99, max_wait_s: 600, solver: "hungarian" }, { study: "dispatch-tokyo@2026-05", number: 77, approved_by: "ann" }),
      version(1, 9000, { discount: 0.95, max_wait_s: 300, solver: "greedy", left_turn_weight: 1.2 }, { source: "params.yaml" }),
    ],
    moves: [
      move(2, 3, "rollback", "mio", "Complaints about long ways.", 2000),
      move(1, 2, "promote", "ann", null, 5000, 3),
      move(null, 1, "set", "kenji", "First version, from the config file.", 9000),
    ],
  },
  { name: "dispatch/<img src=x onerror=alert(1)>", dag_id: null, version: null, may: { rollback: false }, versions: [], moves: [] },
  {
    name: "pricing", dag_id: "retune_pricing", version: 1, may: { rollback: false },
    versions: [version(1, 40, Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`price_factor_${index}`, 1 + index / 7])), { study: "pricing@x", number: 4 })],
    moves: [move(null, 1, "promote", null, null, 40, 1)],
  },
];
