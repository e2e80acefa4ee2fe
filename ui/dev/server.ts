// A server in the page: it answers with made-up data, and takes what is sent for done.
import { COMPARISONS, SETS } from "./deciding";
import { database, made } from "./lists";
import { driftOf } from "./drift";
import { STUDIES, TRIALS } from "./studying";

const ME = { user: "ann", version: "dev", base: "", database: { state: "ok", message: null }, may_move_champions: true };
const QUESTION = {
  options: ["Approve", "Reject"], subject: "Promote challenger-1 to dispatch/tokyo, in place of version 3?", assigned_users: [],
  params: { reason: { value: "", description: "Why", schema: { type: "string" } } },
  responded_by_user: null, chosen_options: null, response_received: false,
};

type Answer = [status: number, data: unknown];

function found(data: unknown): Answer {
  return data === undefined ? [404, { detail: "It does not exist, or you may not see it." }] : [200, data];
}

function ours(method: string, path: string, query: URLSearchParams): Answer {
  const [kind, ...rest] = path.split("/").map(decodeURIComponent);
  const [id, part, number] = rest;
  if (kind === "me") return [200, { ...ME, database: database() }];
  if (method === "POST") {
    if (path.endsWith("/rollback")) return [409, { detail: "Version 3 of dispatch/tokyo was in use when this was asked, but now version 4 is." }];
    if (part === "trials") return [400, { detail: "A point lies in the space, but got discount=0.7. Write discount=0.8 or more." }];
    return [200, { sentence: "dispatch-tokyo@monday: 120 trials, 10 at once, timeout 12:00:00, sampler tpe." }];
  }
  const other = made(path, query);
  if (other !== undefined) return [200, other];
  if (kind === "comparisons") return id === undefined ? [200, { comparisons: COMPARISONS }] : found(COMPARISONS.find((each) => each.id === Number(id)));
  if (kind === "parameter-sets") return id === undefined ? [200, { parameter_sets: SETS.map(setLine) }] : found(SETS.find((each) => each.name === rest.join("/")));
  if (kind === "families") return [200, driftOf()];
  if (kind === "studies" && part === undefined) return found(STUDIES.find((each) => each.id === Number(id)));
  if (part === "trials" && number !== undefined) return found(TRIALS.find((each) => each.number === Number(number)));
  return found(undefined);
}

function setLine(set: (typeof SETS)[number]) {
  const version = set.versions.find((each) => each.version === set.version);
  return { ...set, params: version?.params ?? {}, moved_at: version?.created_at ?? null, source: null, versions: set.versions.length };
}

function airflow(path: string): Answer {
  if (path.includes("hitlDetails")) return [200, QUESTION];
  return path.includes("clearTaskInstances") ? [200, { task_instances: [], total_entries: 3 }] : found(undefined);
}

/** Answer every request of the pages. */
export function serve(): void {
  window.fetch = async (input, options) => {
    const { pathname, searchParams } = new URL(String(input), window.location.href);
    const [, own] = pathname.split("/hpo/api/v1/");
    const [status, data] = own === undefined ? airflow(pathname) : ours(options?.method ?? "GET", own, searchParams);
    await new Promise((resolve) => setTimeout(resolve, 100));
    return new Response(JSON.stringify(data), { status, headers: { "Content-Type": "application/json" } });
  };
}
