// What the API answers about studies and trials, named for the pages. Times are ISO 8601 in UTC unless a comment says otherwise.
import type { components } from "./schema";

type Schemas = components["schemas"];
/** A schema with the values of parameters, of which the API only says that they are JSON. */
type With<T, Names extends keyof T, Value> = Omit<T, Names> & { [name in Names]: Value };

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type Value = number | string | boolean | null;
export type Params = { [name: string]: Json };

export type Me = Schemas["Me"];
export type Counts = Schemas["Counts"];
export type Best = With<Schemas["Best"], "params", Params>;
export type StudyLine = With<Schemas["StudyLine"], "best", Best | null>;
export type StudyState = StudyLine["state"];
export type StudyList = With<Schemas["StudyList"], "studies", StudyLine[]>;
export type Parameter = With<Required<Schemas["Parameter"]>, "choices", Json[] | null>;
export type Settings = Schemas["SettingsNow"];
type Champion = With<Schemas["ChampionNow"], "params", Params>;
export type Study = With<With<With<Schemas["StudyPage"], "best", Best | null>, "champion", Champion | null>, "parameters", Parameter[]>;

/** All trials of a study, one array a property: at 10,000 trials an object for each would cost seconds. */
export type Columns = Schemas["Columns"];
export type TrialState = Columns["state"][number];
/** Attempts of a study as columns; times are seconds since 1970. */
export type Attempts = Schemas["AttemptColumns"];
export type Failures = Schemas["Failures"];
export type Curves = Schemas["Curves"];

export type DriftEdition = With<Schemas["DriftEdition"], "best_params", Params | null>;
export type Drift = With<Schemas["Drift"], "editions", DriftEdition[]>;

export type Task = Schemas["TaskPlace"];
export type Curve = Schemas["Curve"];
/** Where an attempt ran: names of Kubernetes, or of a machine and a process. */
type Placed = { [name: string]: string | number };
export type Attempt = With<Schemas["AttemptTold"], "place", Placed>;
type Simulation = With<Schemas["Simulation"], "attempts", Attempt[]>;
export type TrialDetail = With<With<Schemas["TrialDetail"], "attempts", Attempt[]>, "simulations", Simulation[]>;
