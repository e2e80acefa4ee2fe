import { describe, expect, it } from "vitest";

import { answerBody, fieldsOf, hitlPath, type HitlDetail } from "../../src/pages/decisions/hitl";

const ASKED: HitlDetail = {
  options: ["Approve", "Reject"],
  subject: "Promote challenger-1 to dispatch/tokyo, in place of version 3?",
  params: {
    reason: { value: "", description: "Why", schema: { type: "string" } },
    shadow_days: { value: 3, description: null, schema: { type: "integer" } },
  },
  assigned_users: [],
  responded_by_user: null,
  chosen_options: null,
  response_received: false,
};

describe("a question", () => {
  it("is found by ids that may hold signs of their own", () => {
    const task = { dag_id: "d", run_id: "scheduled__2026-11-30T00:00:00+00:00", task_id: "g.approve", map_index: -1 };
    expect(hitlPath(task)).toBe("/dags/d/dagRuns/scheduled__2026-11-30T00%3A00%3A00%2B00%3A00/taskInstances/g.approve/-1/hitlDetails");
  });

  it("has a field for each text that the task takes", () => {
    expect(fieldsOf(ASKED)).toEqual([{ name: "reason", title: "Why", value: "" }]);
  });

  it("is answered with every parameter of the task", () => {
    expect(answerBody(ASKED, "Approve", { reason: "looks right" })).toEqual({
      chosen_options: ["Approve"],
      params_input: { reason: "looks right", shadow_days: 3 },
    });
  });
});
