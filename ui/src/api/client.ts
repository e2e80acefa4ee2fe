// Requests to our API and to Airflow's own, with the session of the person who looks at the page.
import { airflowUrl, apiUrl, loginUrl } from "../host/base";

/** An answer that is none: its sentence says what is wrong, and the status what kind. 0: the server did not answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
    this.name = "ApiError";
  }
}

/** What was read, with the tag that the next request shows to the server. */
export interface Tagged<T> {
  data: T;
  etag: string | null;
}

async function send(url: string, options: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, String(error));
  }
  if (response.status === 401) window.location.assign(loginUrl());
  if (!response.ok && response.status !== 304) throw new ApiError(response.status, await sentenceOf(response));
  return response;
}

/** The sentence of an error: ours is `{"detail": "..."}`; Airflow's may be a list of findings. */
async function sentenceOf(response: Response): Promise<string> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    if (typeof detail === "string") return detail;
    if (detail !== undefined) return JSON.stringify(detail);
  } catch {
    // a proxy's page of HTML
  }
  return `${response.status} ${response.statusText}`.trim();
}

/** Read a path of our API; with the tag of what is there already the answer may be `null`: nothing changed. */
export async function read<T>(path: string, etag: string | null = null): Promise<Tagged<T> | null> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (etag !== null) headers["If-None-Match"] = etag;
  const response = await send(apiUrl(path), { headers, cache: "no-store" });
  if (response.status === 304) return null;
  return { data: (await response.json()) as T, etag: response.headers.get("ETag") };
}

// No form of another site can send this header, so that our API knows that the page itself asks.
const CHANGING = { "Content-Type": "application/json", Accept: "application/json", "X-Requested-With": "airflow-hpo" };

/** Change something through our API. */
export async function change<T>(path: string, body: unknown): Promise<T> {
  const response = await send(apiUrl(path), { method: "POST", headers: CHANGING, body: JSON.stringify(body) });
  return (await response.json()) as T;
}

/** Ask Airflow's own public API, for example to clear a task or to answer a person's question. */
export async function airflow<T>(method: "GET" | "POST" | "PATCH", path: string, body?: unknown): Promise<T> {
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await send(airflowUrl(path), { method, headers: CHANGING, ...text });
  return (await response.json()) as T;
}
