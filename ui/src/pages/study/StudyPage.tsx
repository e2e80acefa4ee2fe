// One study in Airflow: what it is, its trials, and what the chosen tab needs besides.
import { query, useApi } from "../../api/use";
import type { Attempts, Curves, Failures, Study } from "../../api/types";
import { useTrials } from "../../api/trials";
import { numberIn, usePlace } from "../../host/place";
import { Show } from "../../parts/states";
import { StudyActs } from "../acts/StudyActs";
import { TrialPanel } from "../trial/TrialPanel";
import { Editions } from "./Editions";
import { StudyView } from "./StudyView";

const BEST = 50; // curves that are still told apart

export function StudyPage({ study }: { study: number }) {
  const loaded = useApi<Study>(`/studies/${study}`, isLive);
  return <Show loaded={loaded}>{(known) => <Loaded study={known} />}</Show>;
}

/** Whether its trials may still change. One that was left alone may be taken up again. */
function isLive({ state }: Study): boolean {
  return state !== "ended";
}

function Loaded({ study }: { study: Study }) {
  const place = usePlace();
  const live = isLive(study);
  const path = `/studies/${study.id}`;
  const tab = place.get("tab");
  const trials = useTrials(study.id, live);
  const curves = useApi<Curves>(tab === null ? `${path}/curves${query({ best: BEST })}` : null, live);
  const attempts = useApi<Attempts>(tab === "time" ? `${path}/attempts` : null, live);
  const failures = useApi<Failures>(tab === "time" ? `${path}/failures` : null, live);
  const number = numberIn(place, "trial");
  return (
    <Show loaded={trials}>
      {(columns) => (
        <StudyView
          study={study}
          columns={columns}
          curves={curves.data}
          attempts={attempts.data}
          failures={failures.data}
          acts={<StudyActs study={study} />}
          editions={study.editions.length > 1 && !study.evaluates ? <Editions study={study} /> : null}
          trial={number === null ? null : <TrialPanel key={number} study={study} number={number} onClose={() => place.go({ trial: null }, true)} />}
        />
      )}
    </Show>
  );
}
