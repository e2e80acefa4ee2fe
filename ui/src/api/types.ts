// What the API answers. Times are ISO 8601 in UTC unless a comment says otherwise; NaN and infinity come as null.
import type { ComparisonLine } from "./deciding";

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type Value = number | string | boolean | null;
export type Params = { [name: string]: Json };
export type Direction = "minimize" | "maximize";
export type TrialState = "running" | "waiting" | "complete" | "pruned" | "failed";
export type StudyState = "running" | "ended" | "drained" | "left";

export interface Me {
  user: string;
  version: string;
  base: string;
  database: { state: "ok" | "absent" | "away" | "not_migrated" | "newer"; message: string | null };
  may_move_champions: boolean;
}

export type Counts = { [state in TrialState]: number };

export interface StudyLine {
  id: number;
  name: string;
  family: string;
  run: string;
  /** Null of a study that no DAG made. */
  dag_id: string | null;
  run_id: string | null;
  group_id: string | null;
  evaluates: boolean;
  state: StudyState;
  end: string | null;
  reason: string | null;
  cause: string | null;
  counts: Counts;
  failures: { [kind: string]: number };
  wanted: number;
  metric: string;
  direction: Direction;
  best: { number: number; value: number | null; params: Params } | null;
  started_at: string;
  finished_at: string | null;
  seconds_left: number | null;
}

export interface StudyList {
  studies: StudyLine[];
  next: string | null;
  total: number | null;
}

export interface Parameter {
  name: string;
  kind: string;
  low: number | null;
  high: number | null;
  log: boolean;
  step: number | null;
  choices: Json[] | null;
  condition: string | null;
}

export interface Settings {
  parallelism: number | null;
  max_trials: number | null;
  timeout_seconds: number | null;
  sampler: string;
  most_trials: number | null;
  most_parallelism: number | null;
}

export interface Study extends StudyLine {
  sentence: string;
  parameters: Parameter[];
  metrics: string[];
  scenarios: string[];
  slots: number;
  importance: { name: string; share: number }[] | null;
  importance_at: string | null;
  bottleneck: string | null;
  why: string[];
  settings: Settings;
  differs: string[];
  declaration: { [name: string]: Json };
  editions: { id: number; name: string; run: string; started_at: string }[];
  comparisons: ComparisonLine[];
  acts: { act: string; number: number | null; by: string; details: string; at: string }[];
  may: { steer: boolean; clear: boolean };
  champion: { version: number; params: Params } | null;
}

/** All trials of a study, one array a property: at 10,000 trials an object for each would cost seconds. */
export interface Columns {
  since: number;
  /** The lowest number that may still change: what to ask for next. */
  next: number;
  total: number;
  number: number[];
  state: TrialState[];
  value: (number | null)[];
  /** Seconds since 1970. */
  started: (number | null)[];
  finished: (number | null)[];
  params: { [name: string]: Value[] };
  attempts: number[];
  kind: (string | null)[];
  origin: ("start_point" | "champion" | "warm_start" | "known" | "by_hand" | "rerun" | null)[];
  feasible: (boolean | null)[];
  batch: (string | null)[];
  pod: (string | null)[];
  node: (string | null)[];
  task: (string | null)[];
  map_index: (number | null)[];
  try_number: (number | null)[];
  /** Replaced trials with the ones in their place, of the whole study in every answer; so are `invalid` and `value_marks`. */
  superseded: { [number: string]: number };
  /** Trials that were taken back: failed, without a value, also where they were sent otherwise before. */
  invalid: number[];
  value_marks: { [number: string]: "nan" | "inf" | "-inf" };
}

export interface Task {
  dag_id: string;
  run_id: string;
  task_id: string;
  map_index: number | null;
  try_number: number | null;
}

export interface Curve {
  name: string;
  steps: number[];
  values: (number | null)[];
}

export interface Attempt {
  attempt: number;
  outcome: string;
  kind: string | null;
  reason: string | null;
  waits_for: string | null;
  verdict: string | null;
  exit_code: number | null;
  problems: string[];
  log_tail: string | null;
  backend: string;
  started_at: string;
  finished_at: string | null;
  seconds: { [phase: string]: number };
  place: { [name: string]: string };
  remarks: { notes: string[]; links: { text: string; url: string }[]; spans: { [name: string]: number } };
  task: Task;
  curves: Curve[];
  command: string | null;
}

export interface TrialDetail {
  study: number;
  number: number;
  state: TrialState;
  value: number | null;
  value_mark: string | null;
  metrics: { [name: string]: number | null };
  params: Params;
  origin: string | null;
  feasible: boolean | null;
  broken: string[];
  replaces: number | null;
  replaced_by: number | null;
  /** Why its result was taken back, one sentence; null while it counts. */
  invalid: string | null;
  oddities: string[];
  attempts: Attempt[];
  simulations: { scenario: string; number: number; state: string; value: number | null; attempts: Attempt[] }[];
}

/** Attempts of a study as columns; times are seconds since 1970. */
export interface Attempts {
  number: number[];
  attempt: number[];
  started: number[];
  finished: (number | null)[];
  outcome: string[];
  kind: (string | null)[];
  /** Seconds before its program ran. */
  waiting: number[];
  pod: (string | null)[];
  node: (string | null)[];
  slot: (number | null)[];
}

export interface Failures {
  failures: { kind: string; sentence: string; count: number; numbers: number[]; allowed: boolean }[];
}

export interface Curves {
  curves: { number: number; steps: number[]; values: (number | null)[] }[];
}

export interface Drift {
  editions: { id: number; name: string; started_at: string; best_value: number | null; best_params: Params | null; end: string | null }[];
  promotions: { at: string; version: number }[];
}
