// What a person can do with one trial: have it run again, or end it while it runs.
import { useState } from "react";
import { change } from "../../api/client";
import type { Steered } from "../../api/deciding";
import { refreshAll } from "../../api/resource";
import type { Study, TrialDetail } from "../../api/types";
import { useAct } from "../../parts/act";
import { Confirm } from "../../parts/Confirm";
import { Outcome } from "../../parts/Outcome";
import { useTexts } from "../../texts";
import { ClearDialog } from "./ClearDialog";
import { lastTask } from "./clearing";

export function TrialActs({ study, trial }: { study: Study; trial: TrialDetail }) {
  const t = useTexts().trial;
  const act = useAct();
  const [asked, setAsked] = useState<"clear" | "end" | null>(null);
  const task = lastTask(trial);
  const close = (): void => setAsked(null);
  const end = async (): Promise<string> => {
    const { sentence } = await change<Steered>(`/studies/${study.id}/trials/${trial.number}/end`, {});
    await refreshAll(`/studies/${study.id}`);
    return sentence;
  };
  const mayEnd = study.may.steer && trial.state === "running";
  const mayClear = study.may.clear && task !== null && trial.state !== "running" && trial.replaced_by === null;
  return (
    <>
      <p className="hpo-row">
        {mayClear ? <button type="button" onClick={() => setAsked("clear")}>{t.again}</button> : null}
        {mayEnd ? <button type="button" className="hpo-danger" onClick={() => setAsked("end")}>{t.end}</button> : null}
      </p>
      <Outcome said={act.said} />
      {asked === "clear" && task !== null ? <ClearDialog task={task} number={trial.number} goesOn={study.state === "running"} act={act} close={close} /> : null}
      {asked === "end" ? (
        <Confirm title={t.end} button={t.end} act={act} doing={end} close={close}>
          <p>{t.sureEnd(String(trial.number))}</p>
        </Confirm>
      ) : null}
    </>
  );
}
