// More trials for a study that goes on.
import { useState } from "react";
import { change } from "../../api/client";
import type { Study } from "../../api/types";
import { useTexts } from "../../texts";
import { ActForm } from "./ActForm";

export function ExtendForm({ study }: { study: Study }) {
  const t = useTexts().acts;
  const [text, setText] = useState("10");
  const trials = Number(text);
  const ready = Number.isInteger(trials) && trials > 0;
  return (
    <ActForm
      study={study.id}
      title={t.extend}
      button={t.extendButton}
      question={ready ? t.sureExtend(String(trials), String(study.wanted + trials)) : null}
      doing={() => change(`/studies/${study.id}/extend`, { trials })}
    >
      <p>
        <label>
          {t.further} <input inputMode="numeric" size={6} value={text} onChange={(event) => setText(event.target.value)} />
        </label>
      </p>
    </ActForm>
  );
}
