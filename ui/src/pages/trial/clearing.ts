// Clearing a trial's task through Airflow's own API, which decides who may.
import { airflow } from "../../api/client";
import type { Task, TrialDetail } from "../../api/types";

/** The task of a trial's newest attempt; null when none has begun. */
export function lastTask(trial: TrialDetail): Task | null {
  const attempts = [...trial.attempts, ...trial.simulations.flatMap((each) => each.attempts)];
  return attempts.sort((a, b) => Date.parse(a.started_at) - Date.parse(b.started_at)).at(-1)?.task ?? null;
}

/** What Airflow is asked: one index of a mapped task, and what comes after it where the study shall sum up again. */
export function clearBody(task: Task, downstream: boolean, dryRun: boolean): object {
  const index = task.map_index ?? -1;
  return {
    dry_run: dryRun,
    dag_run_id: task.run_id,
    task_ids: [index < 0 ? task.task_id : [task.task_id, index]],
    only_failed: false,
    include_downstream: downstream,
  };
}

/** Clear a task; the number of task instances that this concerns. */
export async function clear(task: Task, downstream: boolean, dryRun = false): Promise<number> {
  const path = `/dags/${encodeURIComponent(task.dag_id)}/clearTaskInstances`;
  const found = await airflow<{ total_entries: number }>("POST", path, clearBody(task, downstream, dryRun));
  return found.total_entries;
}
