// What the API answers about decisions and parameter sets. Effects and differences are above 0 where the challenger is better.
import type { Direction, Json, Params, Task } from "./types";

/** The newest question about a comparison, and its answer once there is one. */
export interface Asked {
  choice: string | null;
  by: string | null;
  asked_at: string;
  until: string | null;
  answered_at: string | null;
  task: Task;
}

export interface ComparisonLine {
  id: number;
  family: string;
  parameter_set: string | null;
  verdict: string;
  sentence: string;
  created_at: string;
  dag_id: string | null;
  run_id: string | null;
  task_id: string | null;
  champion_version: number | null;
  look: number;
  answer: Asked | null;
}

export interface Interval {
  estimate: number | null;
  low: number | null;
  high: number | null;
}

export interface EffectFound extends Interval {
  scale: string;
  unit: string | null;
  confidence: number | null;
}

export interface ScenarioDifference {
  scenario: string;
  champion: number | null;
  challenger: number | null;
  difference: number | null;
}

export interface EvaluationPair extends ScenarioDifference {
  variant: string | null;
  replicate: number | null;
}

export interface VariantMeans extends Interval {
  variant: string;
  champion: number | null;
  challenger: number | null;
}

export interface GuardrailFound extends Interval {
  metric: string;
  direction: string;
  scale: string;
  margin: number;
  champion: number | null;
  challenger: number | null;
  p_value: number | null;
  kept: boolean | null;
  sentence: string;
}

export interface ErrorSpent {
  budget: number | null;
  charged: number | null;
  left: number | null;
  sentence: string | null;
}

export interface Finalist {
  label: string;
  validated: number | null;
  tuned: number | null;
  inflation: number | null;
}

/** What a release before did not keep is null or empty. */
export interface Comparison extends ComparisonLine {
  metric: string | null;
  direction: Direction | null;
  champion_label: string | null;
  challenger_label: string | null;
  challenger_trial: { study: number; number: number } | null;
  windows: { name: string; start: string; end: string }[];
  scenarios: number;
  effective: number | null;
  replicates: number | null;
  missing: { scenario: string; who: string; reason: string }[];
  looks: number | null;
  next_look: number | null;
  min_improvement: number | null;
  effect: EffectFound | null;
  p_value: number | null;
  level: number | null;
  error: ErrorSpent;
  by_scenario: ScenarioDifference[];
  pairs: EvaluationPair[];
  variants: VariantMeans[];
  guardrails: GuardrailFound[];
  candidates: Finalist[];
  changes: { name: string; champion: Json; challenger: Json }[];
  remarks: string[];
  report: string;
  evaluations: { id: number; name: string }[];
  study: { id: number; name: string } | null;
  may: { answer: boolean };
}

export interface ParameterSetLine {
  name: string;
  version: number | null;
  params: Params;
  moved_at: string | null;
  source: string | null;
  versions: number;
  dag_id: string | null;
}

export interface Version {
  version: number;
  created_at: string;
  params: Params;
  provenance: { [name: string]: Json };
  restores: number | null;
  study: number | null;
  approval: string | null;
}

export interface Move {
  from_version: number | null;
  to_version: number | null;
  action: string;
  by: string | null;
  reason: string | null;
  at: string;
  comparison: number | null;
}

export interface ParameterSet {
  name: string;
  dag_id: string | null;
  version: number | null;
  versions: Version[];
  moves: Move[];
  may: { rollback: boolean };
}
