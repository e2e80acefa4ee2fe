// A made-up study: number 1 runs with 60 trials, 2 has 10,000, the others are small; the same at each load.
import type { Attempts, Columns, Curves, Study, TrialState, Value } from "../src/api/types";

const BEGIN = 1_790_000_000;
const NAMES = ["dispatch-tokyo", "image-classifier", "forecast-osaka", "forecast-<b>kobe</b>", "ranking"];

function random(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function size(id: number): number {
  return id === 2 ? 10_000 : id === 1 ? 60 : 12;
}

const made = new Map<number, Columns>();

export function columnsOf(id: number, since = 0): Columns {
  const all = made.get(id) ?? trials(id);
  made.set(id, all);
  if (since === 0) return all;
  const none = { ...all, since, number: [], state: [], value: [], started: [], finished: [], params: {}, attempts: [], kind: [], origin: [], feasible: [], batch: [], pod: [], node: [], task: [], map_index: [], try_number: [] };
  return none;
}

function trials(id: number): Columns {
  const next = random(id);
  const length = size(id);
  const number = Array.from({ length }, (_, at) => at);
  const state = number.map((at): TrialState => {
    const draw = next();
    if (id === 1 && at > 52) return at > 57 ? "waiting" : "running";
    return draw < 0.07 ? "failed" : draw < 0.2 ? "pruned" : "complete";
  });
  const lr = number.map((at) => 10 ** (-5 + 4 * (next() * 0.7 + 0.3 * (1 - at / length) * next())));
  const depth = number.map(() => 2 + Math.floor(next() * 9));
  const optimizer = number.map((): Value => ["adam", "sgd", "lamb"][Math.floor(next() * 3)]!);
  const dropout = number.map(() => next() * 0.5);
  const momentum = optimizer.map((name): Value => (name === "sgd" ? next() : null));
  const more = id === 2 ? Object.fromEntries([1, 2, 3, 4].map((at) => [`weight_${at}`, number.map(() => next())])) : {};
  const value = number.map((at) => {
    if (state[at] !== "complete" && state[at] !== "pruned") return null;
    return 0.6 + 0.3 * Math.exp(-((Math.log10(lr[at]!) + 3) ** 2)) + 0.01 * depth[at]! - 0.1 * dropout[at]! + 0.02 * next() - (state[at] === "pruned" ? 0.2 : 0);
  });
  const open = (at: number): boolean => state[at] === "running" || state[at] === "waiting";
  const started = number.map((at) => (state[at] === "waiting" ? null : BEGIN + Math.floor(at / 5) * 300 + 20 * next()));
  return {
    since: 0, next: length, total: length, number, state, value, started,
    finished: number.map((at) => (open(at) ? null : started[at]! + 100 + 190 * next())),
    params: { lr, depth, optimizer, dropout, momentum, ...more },
    attempts: number.map(() => (next() < 0.1 ? 2 : 1)), kind: state.map((one) => (one === "failed" ? "out_of_memory" : null)),
    origin: number.map((at) => (at === 0 ? "start_point" : at < 4 ? "warm_start" : at === 20 ? "by_hand" : null)),
    feasible: number.map((at) => (state[at] === "complete" ? next() > 0.08 : null)), batch: number.map((at) => `batch_${Math.floor(at / 5)}`),
    pod: number.map((at) => `tune-trial-${at}-x7f2k`), node: number.map((at) => `node-${at % 3}`), task: number.map((at) => `tune.trial_${at % 5}`),
    map_index: number.map((at) => at % 5), try_number: number.map(() => 1), superseded: { "9": 15 }, invalid: [11], value_marks: {},
  };
}

export function studyOf(id: number): Study {
  const columns = columnsOf(id);
  const count = (wanted: TrialState): number => columns.state.filter((one) => one === wanted).length;
  let best = -1;
  columns.value.forEach((value, at) => {
    if (columns.state[at] === "complete" && columns.feasible[at] && at !== 9 && (best < 0 || value! > columns.value[best]!)) best = at;
  });
  const params = Object.fromEntries(Object.entries(columns.params).map(([name, column]) => [name, column[best]!]).filter(([, value]) => value !== null));
  const family = NAMES[id - 1] ?? `study-${id}`;
  const number = (name: string, low: number, high: number, log = false): Study["parameters"][number] =>
    ({ name, kind: "float", low, high, log, step: null, choices: null, condition: name === "momentum" ? "optimizer is sgd" : null });
  return {
    id, name: `${family}@scheduled__2026-09-21T00:00:00+00:00`, family, run: "scheduled__2026-09-21T00:00:00+00:00", dag_id: "tune", run_id: "scheduled__2026-09-21T00:00:00+00:00",
    group_id: "tune", evaluates: false, state: id === 1 ? "running" : id === 3 ? "left" : "ended", end: id > 1 ? "max_trials" : null, reason: null,
    cause: id === 3 ? "No pod could be placed for 40 minutes: 0/3 nodes have 4 CPUs free." : null,
    counts: { complete: count("complete"), pruned: count("pruned"), failed: count("failed"), running: count("running"), waiting: count("waiting") },
    failures: count("failed") > 0 ? { out_of_memory: count("failed") } : {}, wanted: size(id) + 20, metric: "accuracy", direction: "maximize",
    best: { number: best, value: columns.value[best] ?? null, params }, started_at: new Date(BEGIN * 1000).toISOString(), finished_at: null, seconds_left: 4200,
    sentence: `The best accuracy is ${columns.value[best]!.toFixed(4)} (trial ${best}); the last improvement was 12 trials ago.`,
    parameters: [number("lr", 1e-5, 0.1, true), { ...number("depth", 2, 10), kind: "int", step: 1 }, { ...number("optimizer", 0, 0), kind: "categorical", low: null, high: null, choices: ["adam", "sgd", "lamb"] }, number("dropout", 0, 0.5), number("momentum", 0, 1)],
    metrics: ["accuracy", "seconds_per_epoch"], scenarios: [], slots: 5,
    importance: [{ name: "lr", share: 0.71 }, { name: "dropout", share: 0.16 }, { name: "depth", share: 0.1 }, { name: "optimizer", share: 0.03 }], importance_at: new Date((BEGIN + 3000) * 1000).toISOString(),
    bottleneck: "Slots wait 31 % of the time for nodes; a sixth slot would not make it faster.", why: ["TPE suggests from the best 10 % of 52 results.", "Trial 20 was added by admin."],
    settings: { parallelism: 5, max_trials: 80, timeout_seconds: null, sampler: "tpe", most_trials: 200, most_parallelism: 10 }, differs: ["max_trials is 80; the DAG file says 60."],
    declaration: { name: family, max_trials: 60 }, editions: [{ id, name: family, run: "now", started_at: new Date(BEGIN * 1000).toISOString() }, { id: 5, name: family, run: "before", started_at: new Date((BEGIN - 2592000) * 1000).toISOString() }],
    comparisons: [], acts: [{ act: "extend", number: 20, by: "admin", details: "20 more trials", at: new Date((BEGIN + 2000) * 1000).toISOString() }],
    may: { steer: true, clear: true }, champion: { version: 3, params: Object.fromEntries(Object.entries(columns.params).map(([name, column]) => [name, column[1]!])) },
  };
}

export function curvesOf(id: number): Curves {
  const next = random(id + 100);
  return {
    curves: Array.from({ length: Math.min(50, size(id)) }, (_, number) => {
      const steps = Array.from({ length: 10 }, (_unused, step) => step);
      const top = 0.6 + 0.3 * next();
      return { number, steps, values: steps.map((step) => top * (1 - Math.exp(-(step + 1) / 3)) + 0.01 * next()) };
    }),
  };
}

export function attemptsOf(id: number): Attempts {
  const { number, started, finished, state, kind, pod, node } = columnsOf(id);
  const rows = number.filter((at) => started[at] !== null);
  return {
    number: rows, scenario: rows.map(() => null), attempt: rows.map(() => 1), started: rows.map((at) => started[at]!), finished: rows.map((at) => finished[at]!), outcome: rows.map((at) => state[at]!),
    kind: rows.map((at) => kind[at]!), waiting: rows.map((at) => 15 + (at % 7) * 5), pod: rows.map((at) => pod[at]!), node: rows.map((at) => node[at]!), slot: rows.map((at) => at % 5),
  };
}
