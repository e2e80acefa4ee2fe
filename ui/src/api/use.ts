// Hooks for each thing that the API answers. `null` as a path reads nothing.
import { read } from "./client";
import { useLoaded, type Live, type Loader, type Snapshot } from "./resource";

const tags = new Map<string, string>();

/** Reads a path as a whole, but not again while the server says that it is the same. */
function whole<T>(path: string): Loader<T | undefined> {
  return async (previous) => {
    const answer = await read<T>(path, previous === undefined ? null : (tags.get(path) ?? null));
    if (answer === null) return previous;
    if (answer.etag === null) tags.delete(path);
    else tags.set(path, answer.etag);
    return answer.data;
  };
}

export type Loaded<T> = Snapshot<T> & { refresh: () => Promise<void> };

/** What the API answers to a path, kept and read again while `live`. */
export function useApi<T>(path: string | null, live: Live<T> = false): Loaded<T> {
  return useLoaded<T | undefined>(path ?? "", path === null ? () => Promise.resolve(undefined) : whole<T>(path), live as Live<T | undefined>) as Loaded<T>;
}

/** A query of search parameters without what is empty. */
export function query(values: { [name: string]: string | number | null | undefined }): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

/** A name as a part of a path; its slashes stay, because routes of families and parameter sets take the rest of a path. */
export function pathOf(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}
