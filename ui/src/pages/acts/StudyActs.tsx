// What a person who may steer can do to a study that goes on, and which decision about it waits for an answer.
import type { Study } from "../../api/types";
import { AirflowLink, PlaceLink } from "../../host/links";
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
      <Waiting study={study} />
      {goesOn || study.dag_id === null ? null : (
        <p>
          <AirflowLink to={`/dags/${encodeURIComponent(study.dag_id)}`}>{t.another}</AirflowLink>
        </p>
      )}
      {goesOn && !study.evaluates ? study.may.steer ? <Forms study={study} /> : <p className="hpo-muted">{t.mayNot}</p> : null}
    </>
  );
}

function Waiting({ study }: { study: Study }) {
  const t = useTexts();
  const waiting = study.comparisons.filter(({ answer }) => answer !== null && answer.choice === null);
  return waiting.map(({ id, sentence }) => (
    <p key={id} className="hpo-outcome">
      <PlaceLink to={{ page: "decisions", comparison: id }}>{t.decision.title(String(id))}</PlaceLink> {t.answer.waiting}: {sentence}
    </p>
  ));
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
