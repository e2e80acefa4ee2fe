// What a person who may steer can do to a study that goes on; who did what before.
import type { Study } from "../../api/types";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { ExtendForm } from "./ExtendForm";
import { PointForm } from "./PointForm";
import { SettingsForm } from "./SettingsForm";
import { StopForm } from "./StopForm";

export function StudyActs({ study }: { study: Study }) {
  const t = useTexts().acts;
  const goesOn = study.state === "running" || study.state === "drained";
  return (
    <>
      {goesOn && !study.evaluates ? study.may.steer ? <Forms study={study} /> : <p className="hpo-muted">{t.mayNot}</p> : null}
      <Acts study={study} />
    </>
  );
}

function Forms({ study }: { study: Study }) {
  const t = useTexts().acts;
  return (
    <details className="hpo-acts">
      <summary>{t.title}</summary>
      <div className="hpo-grid">
        <SettingsForm study={study} />
        <ExtendForm study={study} />
        <PointForm study={study} />
        <StopForm study={study} />
      </div>
    </details>
  );
}

function Acts({ study }: { study: Study }) {
  const t = useTexts().acts;
  const formats = useFormats();
  if (study.acts.length === 0) return null;
  const names: { readonly [act: string]: string } = t.names;
  return (
    <details>
      <summary>{t.history(formats.count(study.acts.length))}</summary>
      <ul>
        {study.acts.map((act, index) => (
          <li key={index}>
            {formats.time(act.at)} · {act.by} · {names[act.act] ?? act.act}
            {act.number === null ? "" : ` ${act.number}`} {act.details}
          </li>
        ))}
      </ul>
    </details>
  );
}
