// Links inside our pages and to Airflow's own. A report has no router and no Airflow: links to Airflow are plain text there.
import { createContext, useContext, type MouseEvent, type ReactNode } from "react";
import { usePlace, type Changes } from "./place";

interface LinkProps {
  to: string;
  className?: string | undefined;
  /** What a screen reader says, where the text alone is too short. */
  label?: string | undefined;
  /** Whether it leads to where one is already. */
  current?: boolean | undefined;
  children: ReactNode;
}

/** How a link of this host is made: `to` is an address without the base path. */
export type LinkMaker = (props: LinkProps) => ReactNode;

export const LinkContext = createContext<LinkMaker | null>(null);

/** A link to another place of these pages; with `stay` the other parts of the place are kept. */
export function PlaceLink({ to, stay = false, ...rest }: Omit<LinkProps, "to"> & { to: Changes; stay?: boolean }) {
  const place = usePlace();
  const maker = useContext(LinkContext);
  const href = place.href(to, stay);
  if (maker !== null) return maker({ to: href, ...rest });
  const follow = (event: MouseEvent): void => {
    event.preventDefault();
    place.go(to, stay);
  };
  return (
    <a href={href} onClick={follow} className={rest.className} aria-label={rest.label} aria-current={rest.current === true ? "page" : undefined}>
      {rest.children}
    </a>
  );
}

/** A link to a page of Airflow, for example `/dags/tune/runs/monday`. */
export function AirflowLink({ to, ...rest }: Omit<LinkProps, "to"> & { to: string | null }) {
  const maker = useContext(LinkContext);
  return maker === null || to === null ? <span>{rest.children}</span> : maker({ to, ...rest });
}

export interface TaskPlace {
  dag_id: string;
  run_id: string;
  task_id: string;
  map_index?: number | null;
  try_number?: number | null;
}

/** Where Airflow shows a DAG run; null for what no DAG made. */
export function runPath(dag: string | null, run: string | null): string | null {
  return dag === null || run === null ? null : `/dags/${encodeURIComponent(dag)}/runs/${encodeURIComponent(run)}`;
}

/** Where Airflow shows the log of a task's try. */
export function taskPath(task: TaskPlace): string {
  const part = encodeURIComponent;
  const mapped = task.map_index !== undefined && task.map_index !== null && task.map_index >= 0 ? `/mapped/${task.map_index}` : "";
  const attempt = task.try_number === undefined || task.try_number === null ? "" : `?try_number=${task.try_number}`;
  return `/dags/${part(task.dag_id)}/runs/${part(task.run_id)}/tasks/${part(task.task_id)}${mapped}${attempt}`;
}
