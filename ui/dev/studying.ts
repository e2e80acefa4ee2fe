// Made-up studies and trials.
import type { Attempt, Study, TrialDetail } from "../src/api/types";
import { COMPARISONS } from "./deciding";

const task = (try_number: number) => ({ dag_id: "retune_taxi", run_id: "scheduled__2026-11-30T00:00:00+00:00", task_id: "tune.trial", map_index: 7, try_number });

const ATTEMPT: Attempt = {
  attempt: 1, outcome: "failed", kind: "out_of_memory", reason: "Its container was killed for lack of memory: exit code 137, limit 4Gi. Raise container_resources.",
  waits_for: null, verdict: null, exit_code: 137, problems: ["The log had 2 lines with a metric that is no number."], backend: "pod",
  log_tail: "epoch 1 revenue=180211.2\nepoch 2 revenue=nan\nTraceback (most recent call last):\n  <b>MemoryError</b>", started_at: "2026-11-30T06:00:00Z",
  finished_at: "2026-11-30T06:14:10Z", seconds: { waiting: 95, starting: 30, program: 720, after: 5 },
  place: { pod: "trial-7-x1", node: "pool-b-3", image: "simulator:1.4@sha256:abc" }, task: task(1), command: "simulate --discount 0.97 --wait 420",
  remarks: { notes: ["taxis: 1,200"], links: [{ text: "dashboard", url: "https://grafana.example.com/d/7" }, { text: "bad", url: "javascript:alert(1)" }], spans: { loading: 40, replay: 600 } },
  curves: [
    { name: "revenue", steps: [1, 2, 3, 4, 5, 6], values: [180211, 181900, null, 183800, 184100, 184050] },
    { name: "loss", steps: [1, 2, 3], values: [0.5, 0.5, 0.5] },
  ],
};

export const TRIALS: TrialDetail[] = [
  {
    study: 12, number: 7, state: "failed", value: null, value_mark: "nan", metrics: { mean_wait_s: 171.2 }, invalid: null, origin: "start_point", feasible: null, broken: [], replaces: 3, replaced_by: null,
    params: { discount: 0.97, max_wait_s: 420, solver: "hungarian" }, oddities: ["Two attempts gave different values."], simulations: [],
    attempts: [ATTEMPT, { ...ATTEMPT, attempt: 2, task: task(2), outcome: "running", kind: null, reason: null, finished_at: null, exit_code: null, waits_for: "room in quota team-a", seconds: {}, curves: [], log_tail: null }],
  },
  {
    study: 12, number: 8, state: "running", value: null, value_mark: null, metrics: {}, invalid: "ann took it back: the map was wrong.", origin: "by_hand", feasible: false, broken: ["wait * 2 <= 800 is broken: 840."], replaces: null, replaced_by: null,
    params: Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`weight_of_road_class_${index}`, 1 + index / 7])), oddities: [], attempts: [],
    simulations: [{ scenario: "2026-11-01", number: 41, state: "complete", value: 184211, attempts: [{ ...ATTEMPT, outcome: "complete", kind: null, reason: null, exit_code: 0 }] }],
  },
];

const STUDY: Study = {
  id: 12, name: "dispatch-tokyo@scheduled__2026-11-30", family: "dispatch-tokyo", run: "scheduled__2026-11-30", dag_id: "retune_taxi", run_id: "scheduled__2026-11-30T00:00:00+00:00",
  group_id: "tune", evaluates: false, state: "running", end: null, reason: null, cause: null, counts: { complete: 41, pruned: 6, failed: 3, running: 5, waiting: 1 }, failures: { out_of_memory: 3 },
  wanted: 100, metric: "revenue", direction: "maximize", best: { number: 33, value: 190120, params: { discount: 0.972, max_wait_s: 420, solver: "hungarian" } },
  started_at: "2026-11-30T02:00:00Z", finished_at: null, seconds_left: 7200, sentence: "41 of 100 trials are done.", metrics: ["revenue"], scenarios: [], slots: 10, importance: null, importance_at: null,
  parameters: [
    { name: "discount", kind: "float", low: 0.8, high: 0.999, log: false, step: null, choices: null, condition: null },
    { name: "max_wait_s", kind: "int", low: 60, high: 900, log: false, step: 30, choices: null, condition: null },
    { name: "solver", kind: "categorical", low: null, high: null, log: false, step: null, choices: ["greedy", "hungarian"], condition: "max_wait_s is above 100" },
    { name: "rate", kind: "float", low: 0.0001, high: 1, log: true, step: null, choices: null, condition: null },
  ],
  bottleneck: null, why: [], settings: { parallelism: 10, max_trials: 100, timeout_seconds: 43200, sampler: "tpe", most_trials: 130, most_parallelism: 20 }, differs: ["parallelism 10 (file: 5)"],
  declaration: {}, editions: [], comparisons: COMPARISONS.slice(0, 2), acts: [{ act: "set", number: null, by: "ann", details: "parallelism to 10 (before: 5)", at: "2026-11-30T03:00:00Z" }],
  may: { steer: true, clear: true }, champion: { version: 3, params: { discount: 0.95, max_wait_s: 300, solver: "greedy" } },
};

export const STUDIES: Study[] = [STUDY];
