// The end of a study by a person: why, and what becomes of trials that run.
import { useState } from "react";
import { change } from "../../api/client";
import type { Study } from "../../api/types";
import { useTexts } from "../../texts";
import { ActForm } from "./ActForm";

const WAYS = ["finish", "stop"] as const;

export function StopForm({ study }: { study: Study }) {
  const t = useTexts().acts;
  const [reason, setReason] = useState("");
  const [running, setRunning] = useState<(typeof WAYS)[number]>("finish");
  const body = reason.trim() === "" ? { running } : { running, reason: reason.trim() };
  return (
    <ActForm
      study={study.id}
      title={t.stop}
      button={t.stopButton}
      question={running === "finish" ? t.sureStopFinish : t.sureStopNow(String(study.counts.running))}
      doing={() => change(`/studies/${study.id}/stop`, body)}
    >
      <fieldset className="hpo-row">
        <legend>{t.running(String(study.counts.running))}</legend>
        {WAYS.map((way) => (
          <label key={way}>
            <input type="radio" name={`running-${study.id}`} checked={running === way} onChange={() => setRunning(way)} />
            {t.ways[way]}
          </label>
        ))}
      </fieldset>
      <p>
        <label className="hpo-field">
          {t.reason}
          <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </label>
      </p>
    </ActForm>
  );
}
