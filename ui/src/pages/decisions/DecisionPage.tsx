// One decision: the sentence on top, then what a person needs to agree with it or not.
import { useEffect, useState } from "react";
import type { Comparison } from "../../api/deciding";
import { useApi } from "../../api/use";
import { AirflowLink, PlaceLink, taskPath } from "../../host/links";
import { Panel } from "../../parts/bits";
import { Show } from "../../parts/states";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { Answer } from "./Answer";
import { Details } from "./Details";
import { Evidence } from "./Evidence";
import { ForestTable } from "./Forest";
import { Guardrails } from "./Guardrails";
import { Changes, Finalists, Variants } from "./Parts";
import { Strength } from "./Strength";
import { VerdictBadge } from "./VerdictBadge";

export function DecisionPage({ comparison: id }: { comparison: number }) {
  const path = `/comparisons/${id}`;
  // A decision never changes; only the answer to it is still to come.
  const [open, setOpen] = useState(true);
  const loaded = useApi<Comparison>(path, open);
  const answer = loaded.data?.answer;
  useEffect(() => setOpen(loaded.data === undefined || answer?.choice === null), [loaded.data, answer]);
  return <Show loaded={loaded}>{(comparison) => <Decision comparison={comparison} />}</Show>;
}

function Decision({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  return (
    <article>
      <h1>
        {t.title(String(comparison.id))} <VerdictBadge verdict={comparison.verdict} />
      </h1>
      <p className="hpo-sentence">{comparison.sentence}</p>
      <Origin comparison={comparison} />
      <Panel title={t.answer}><Answer comparison={comparison} /></Panel>
      {comparison.effect === null && comparison.p_value === null ? null : <Panel title={t.strength}><Strength comparison={comparison} /></Panel>}
      {comparison.guardrails.length > 0 ? <Panel title={t.guardrails}><Guardrails comparison={comparison} /></Panel> : null}
      <Panel title={t.changes}><Changes comparison={comparison} /></Panel>
      <Panel title={t.forest}><ForestTable comparison={comparison} /></Panel>
      {comparison.variants.length > 0 ? <Panel title={t.variants}><Variants comparison={comparison} /></Panel> : null}
      <Panel title={t.evidence}><Evidence comparison={comparison} /></Panel>
      {comparison.candidates.length > 0 ? <Panel title={t.finalists}><Finalists comparison={comparison} /></Panel> : null}
      {comparison.remarks.length > 0 ? (
        <Panel title={t.remarks}>
          <ul>{comparison.remarks.map((remark) => <li key={remark}>{remark}</li>)}</ul>
        </Panel>
      ) : null}
      <Details comparison={comparison} />
    </article>
  );
}

function Origin({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  const formats = useFormats();
  const { dag_id, run_id, task_id, study, parameter_set: set, challenger_trial: trial } = comparison;
  return (
    <p className="hpo-muted hpo-list">
      <span>{formats.time(comparison.created_at)}</span>
      {set === null ? null : <PlaceLink to={{ page: "parameter-sets", set }}>{set}</PlaceLink>}
      {study === null ? <span>{comparison.family}</span> : <PlaceLink to={{ study: study.id }}>{study.name}</PlaceLink>}
      {trial === null ? null : <PlaceLink to={{ study: trial.study, trial: trial.number }}>{t.challengerTrial(String(trial.number))}</PlaceLink>}
      {dag_id && run_id && task_id ? <AirflowLink to={taskPath({ dag_id, run_id, task_id })}>{t.task}</AirflowLink> : null}
    </p>
  );
}
