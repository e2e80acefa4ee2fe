// One study.
import { useApi } from "../../api/use";
import type { Study } from "../../api/types";
import { Show } from "../../parts/states";

export function StudyPage({ study }: { study: number }) {
  const loaded = useApi<Study>(`/studies/${study}`, true);
  return (
    <Show loaded={loaded}>
      {(known) => (
        <>
          <h1>{known.name}</h1>
          <p>{known.sentence}</p>
        </>
      )}
    </Show>
  );
}
