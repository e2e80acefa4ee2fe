// Where Airflow is: `[api] base_url` may have a path, which Airflow writes into the page's <base>.

/** The path in front of every address of Airflow, without a slash at its end: "" or "/team/airflow". */
export function basePath(documentBase: string = document.baseURI): string {
  return new URL(".", documentBase).pathname.replace(/\/+$/, "");
}

/** The address of a route of our own API. */
export function apiUrl(path: string): string {
  return `${basePath()}/hpo/api/v1${path}`;
}

/** The address of a route of Airflow's public API. */
export function airflowUrl(path: string): string {
  return `${basePath()}/api/v2${path}`;
}

/** Where Airflow signs a person in, and then comes back to this page. */
export function loginUrl(): string {
  return `${airflowUrl("/auth/login")}?next=${encodeURIComponent(window.location.href)}`;
}
