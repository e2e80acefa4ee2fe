import { expect, test } from "vitest";
import { basePath } from "../src/host/base";
import { searchOf } from "../src/host/place";
import { taskPath } from "../src/host/links";

test("another place leaves everything away that it does not name", () => {
  expect(searchOf(new URLSearchParams("study=1&tab=trials&q=tokyo"), { study: 2 }, false)).toBe("?study=2");
});

test("a change of the same place keeps the rest, and null takes a part out", () => {
  const now = new URLSearchParams("study=1&trial=7&tab=trials");
  expect(searchOf(now, { trial: 8 }, true)).toBe("?study=1&tab=trials&trial=8");
  expect(searchOf(now, { trial: null }, true)).toBe("?study=1&tab=trials");
});

test("the base path is the one of the document", () => {
  expect(basePath("https://airflow.example/team/airflow/")).toBe("/team/airflow");
  expect(basePath("https://airflow.example/")).toBe("");
});

test("the log of a mapped task's try has an address", () => {
  const task = { dag_id: "tune", run_id: "manual__2026-01-01T00:00:00+00:00", task_id: "tune.trial", map_index: 3, try_number: 2 };
  expect(taskPath(task)).toBe("/dags/tune/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/tune.trial/mapped/3?try_number=2");
});
