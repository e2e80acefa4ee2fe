// What the API answers about decisions and parameter sets. Effects and differences are above 0 where the challenger is better.
import type { components } from "./schema";
import type { Json, Params } from "./types";

type Schemas = components["schemas"];
/** A schema with the values of parameters, of which the API only says that they are JSON. */
type With<T, Names extends keyof T, Value> = Omit<T, Names> & { [name in Names]: Value };

export type Asked = Schemas["ApprovalAsked"];
export type ComparisonLine = Schemas["ComparisonLine"];
export type EffectFound = Schemas["EffectFound"];
export type ScenarioDifference = Schemas["ScenarioDifference"];
export type EvaluationPair = Schemas["EvaluationPair"];
export type GuardrailFound = Schemas["GuardrailFound"];
export type Change = With<Schemas["ParameterChange"], "champion" | "challenger", Json>;
/** What an earlier release did not keep is null or empty. */
export type Comparison = With<Schemas["ComparisonDetail"], "changes", Change[]>;

export type ParameterSetLine = With<Schemas["ParameterSetLine"], "params", Params>;
export type Version = With<Schemas["VersionShown"], "params" | "provenance", Params>;
export type Move = Schemas["MoveShown"];
export type ParameterSet = With<Schemas["ParameterSetDetail"], "versions", Version[]>;
export type RolledBack = Schemas["RolledBack"];
export type Steered = Schemas["Steered"];
