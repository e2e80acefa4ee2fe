// Question of an approval task in Airflow's own API: what it takes, and what is sent for an answer.
import type { TaskPlace } from "../../host/links";

export interface HitlParam {
  value: unknown;
  description?: string | null;
  schema?: { type?: string | string[]; title?: string };
}

export interface HitlDetail {
  options: string[];
  subject: string;
  params: Record<string, HitlParam>;
  assigned_users: { id: string; name: string }[];
  responded_by_user: { id: string; name: string } | null;
  chosen_options: string[] | null;
  response_received: boolean;
}

export const APPROVE = "Approve";
export const REJECT = "Reject";

/** The path of a question below Airflow's `/api/v2`. */
export function hitlPath(task: TaskPlace): string {
  const [dag, run, name] = [task.dag_id, task.run_id, task.task_id].map(encodeURIComponent);
  return `/dags/${dag}/dagRuns/${run}/taskInstances/${name}/${task.map_index ?? -1}/hitlDetails`;
}

/** The fields that a person may fill in: those of the task that take a text. */
export function fieldsOf(detail: HitlDetail): { name: string; title: string; value: string }[] {
  return Object.entries(detail.params)
    .filter(([, param]) => takesText(param))
    .map(([name, param]) => ({ name, title: titleOf(name, param), value: typeof param.value === "string" ? param.value : "" }));
}

/** What Airflow is sent: it takes every parameter of the task or none. */
export function answerBody(detail: HitlDetail, option: string, filled: Record<string, string>): object {
  const given = Object.entries(detail.params).map(([name, param]) => [name, filled[name] ?? param.value]);
  return { chosen_options: [option], params_input: Object.fromEntries(given) };
}

function takesText(param: HitlParam): boolean {
  const types = [param.schema?.type ?? []].flat();
  return types.includes("string") || (types.length === 0 && (typeof param.value === "string" || param.value === null));
}

function titleOf(name: string, param: HitlParam): string {
  return param.schema?.title ?? param.description ?? name;
}
