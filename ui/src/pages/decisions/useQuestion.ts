// The question of an approval task, as Airflow has it now. Airflow alone decides who may answer.
import { airflow } from "../../api/client";
import type { Asked } from "../../api/deciding";
import { useLoaded, type Snapshot } from "../../api/resource";
import { hitlPath, type HitlDetail } from "./hitl";

export type Question = Snapshot<HitlDetail | undefined> & { refresh: () => Promise<void> };

/** The question that a comparison waits with; nothing is read where none is open, or where the person may not answer. */
export function useQuestion(answer: Asked | null, may: boolean): Question {
  const path = may && answer !== null && answer.choice === null ? hitlPath(answer.task) : null;
  return useLoaded<HitlDetail | undefined>(`question ${path ?? ""}`, async () => {
    return path === null ? undefined : airflow<HitlDetail>("GET", path);
  });
}
