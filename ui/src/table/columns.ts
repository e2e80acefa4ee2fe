// The columns of the table of trials: what a cell says, and by what it is sorted.
import type { Value } from "../api/types";
import type { Frame } from "../frame/frame";
import type { Formats } from "../texts/formats";
import type { Language } from "../texts";

export interface Column {
  name: string;
  title: string;
  /** Whether it stands on the right, as numbers do. */
  right: boolean;
  raw: (row: number) => Value;
  text: (row: number) => string;
}

const SHOWN_FIRST = ["number", "state", "value", "seconds", "kind", "started"];

/** Every column that a study's table can have. */
export function columnsOf(frame: Frame, texts: Language, formats: Formats): Column[] {
  const { columns } = frame;
  const titles = texts.table;
  const column = (name: string, title: string, right: boolean, raw: Column["raw"], text: (value: Value) => string): Column => ({
    name, title, right, raw, text: (row) => text(raw(row)),
  });
  const plain = (name: "kind" | "origin" | "batch" | "pod" | "node" | "task"): Column =>
    column(name, titles[name], false, (row) => columns[name][row] ?? null, (value) => (value === null ? "" : String(value)));
  const time = (name: "started" | "finished"): Column =>
    column(name, titles[name], true, (row) => columns[name][row] ?? null, (value) => (value === null ? "" : formats.time(value as number)));
  const seconds = frame.axes.get("seconds")!.data;
  return [
    column("number", titles.number, true, (row) => columns.number[row]!, (value) => String(value)),
    column("state", titles.state, false, (row) => columns.state[row]!, (value) => texts.state[value as keyof Language["state"]]),
    column("value", frame.axes.get("value")!.label, true, (row) => columns.value[row] ?? null, (value) => formats.value(value as number | null)),
    ...frame.parameters.map((name) =>
      column(`params.${name}`, name, typeof columns.params[name]!.find((one) => one !== null) === "number", (row) => columns.params[name]![row] ?? null, (value) => (value === null ? "" : formats.any(value))),
    ),
    column("seconds", titles.seconds, true, (row) => (Number.isNaN(seconds[row]!) ? null : seconds[row]!), (value) => (value === null ? "" : formats.duration(value as number))),
    plain("kind"),
    time("started"),
    time("finished"),
    column("attempts", titles.attempts, true, (row) => columns.attempts[row]!, (value) => String(value)),
    column("feasible", titles.feasible, false, (row) => columns.feasible[row] ?? null, (value) => (value === null ? "" : value === true ? texts.common.yes : texts.common.no)),
    plain("origin"),
    plain("batch"),
    plain("pod"),
    plain("node"),
    plain("task"),
  ];
}

/** What is shown until a person chooses: the parameters and what tells how a trial went. */
export function firstColumns(all: readonly Column[]): string[] {
  return all.map(({ name }) => name).filter((name) => SHOWN_FIRST.includes(name) || name.startsWith("params."));
}
