import { describe, expect, it } from "vitest";
import { clearBody } from "../../src/pages/trial/clearing";

const TASK = { dag_id: "tune", run_id: "monday", task_id: "tune.trial", map_index: 3, try_number: 2 };

describe("clearing a trial", () => {
  it("names the one index of a mapped task", () => {
    expect(clearBody(TASK, true, false)).toEqual({
      dry_run: false,
      dag_run_id: "monday",
      task_ids: [["tune.trial", 3]],
      only_failed: false,
      include_downstream: true,
    });
  });

  it("names a task that is not mapped by its id alone", () => {
    expect(clearBody({ ...TASK, map_index: -1 }, false, true)).toMatchObject({ task_ids: ["tune.trial"], dry_run: true });
  });
});
