// Rows as a CSV file, with values as they are and not as the page rounds them.
import type { Value } from "../api/types";

// A spreadsheet would run a text that begins so as a formula.
const FORMULA = /^[=+\-@\t\r]/;

function field(value: Value): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The text of a CSV file. */
export function csv(titles: readonly string[], cells: readonly ((row: number) => Value)[], rows: Iterable<number>): string {
  const lines = [titles.map(field).join(",")];
  for (const row of rows) lines.push(cells.map((cell) => field(cell(row))).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

/** Gives a person a file to keep. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
