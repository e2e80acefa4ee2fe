// The trials of a study: read once as a whole, then only from the lowest number that may still change.
import { read } from "./client";
import { merge } from "./columns";
import { useLoaded, type Loader } from "./resource";
import type { Columns } from "./types";
import type { Loaded } from "./use";

const tags = new Map<number, { since: number; etag: string | null }>();

function growing(study: number): Loader<Columns> {
  return async (previous) => {
    const since = previous?.next ?? 0;
    const tag = tags.get(study);
    const answer = await read<Columns>(`/studies/${study}/trials?since=${since}`, tag?.since === since ? tag.etag : null);
    if (answer === null && previous !== undefined) return previous;
    if (answer === null) throw new Error("The server answered that nothing changed, but nothing was there.");
    const joined = merge(previous, answer.data);
    // Fewer than the server counts: trials were deleted, so that all are read again.
    if (joined.number.length !== joined.total && since > 0) return growing(study)(undefined);
    tags.set(study, { since, etag: answer.etag });
    return joined;
  };
}

/** The trials of a study as columns. */
export function useTrials(study: number, live: boolean): Loaded<Columns> {
  return useLoaded(`/studies/${study}/trials`, growing(study), live);
}
