// Made-up studies in every state and of any size, and what a database can be.
import type { Failures, Me, StudyList } from "../src/api/types";
import { attemptsOf, columnsOf, curvesOf, studyOf } from "./study";
import { STUDIES } from "./studying";

/** `#database=away` after the address of the page shows that state. */
export function database(): Me["database"] {
  const [, state = "ok"] = /database=(\w+)/.exec(window.location.hash) ?? [];
  return { state: state as Me["database"]["state"], message: state === "ok" ? null : "The server at 10.0.0.5 refused." };
}

function list(query: URLSearchParams): StudyList {
  const wanted = (query.get("q") ?? "").toLowerCase();
  const state = query.get("state") ?? "";
  const all = [...[1, 2, 3, 4, 5].map(studyOf), ...STUDIES];
  const studies = all.filter((one) => one.name.includes(wanted) && (state === "" || one.state === state));
  return { studies, next: null, total: studies.length };
}

const FAILURES: Failures = {
  failures: [
    { kind: "out_of_memory", sentence: "The program used more memory than its pod may; ask for more, or narrow batch_size.", count: 14, numbers: [7, 19, 31, 44], allowed: true },
    { kind: "bad_value", sentence: "The program printed NaN as its objective.", count: 3, numbers: [9, 12, 40], allowed: true },
  ],
};

type Made = (id: number, query: URLSearchParams) => unknown;

const ANSWERS: [RegExp, Made][] = [
  [/^studies$/, (_, query) => list(query)],
  [/^studies\/([1-5])$/, (id) => studyOf(id)],
  [/^studies\/(\d+)\/trials$/, (id, query) => columnsOf(id, Number(query.get("since") ?? 0))],
  [/^studies\/(\d+)\/curves$/, (id) => curvesOf(id)],
  [/^studies\/(\d+)\/attempts$/, (id) => attemptsOf(id)],
  [/^studies\/(\d+)\/failures$/, () => FAILURES],
];

/** The answer to a path below the API, where it is one about studies made here. */
export function made(path: string, query: URLSearchParams): unknown {
  for (const [pattern, answer] of ANSWERS) {
    const match = pattern.exec(path);
    if (match !== null) return answer(Number(match[1]), query);
  }
  return undefined;
}
