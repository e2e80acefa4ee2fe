// All decisions, the newest first.
import { useState } from "react";
import type { ComparisonLine } from "../../api/deciding";
import { query, useApi } from "../../api/use";
import { PlaceLink } from "../../host/links";
import { Note, Show } from "../../parts/states";
import { PlainTable } from "../../parts/PlainTable";
import { useFormats } from "../../texts/formats";
import { useTexts, type Language } from "../../texts";
import type { Run } from "../App";
import { APPROVE } from "./hitl";
import { VerdictBadge } from "./VerdictBadge";

const PAGE = 50;

interface Comparisons {
  comparisons: ComparisonLine[];
}

export function DecisionsPage({ run }: { run: Run }) {
  const t = useTexts();
  const [shown, setShown] = useState(PAGE);
  const loaded = useApi<Comparisons>(`/comparisons${query({ dag_id: run.dagId, run_id: run.runId, limit: shown })}`, true);
  return (
    <>
      <h1>{t.common.decisions}</h1>
      <Show loaded={loaded}>{({ comparisons }) => (
        <>
          <DecisionList comparisons={comparisons} />
          {comparisons.length < shown ? null : <button type="button" onClick={() => setShown(shown + PAGE)}>{t.common.more}</button>}
        </>
      )}</Show>
    </>
  );
}

/** Decisions in a table; also those of one run. */
export function DecisionList({ comparisons }: { comparisons: readonly ComparisonLine[] }) {
  const texts = useTexts();
  const formats = useFormats();
  const t = texts.decision;
  if (comparisons.length === 0) return <Note title={t.none}><p>{t.noneHelp}</p></Note>;
  return (
    <PlainTable
      caption={t.listCaption}
      columns={[{ title: t.about }, { title: t.verdict }, { title: t.sentence, text: true }, { title: t.answer, text: true }, { title: t.when, fixed: true }]}
      rows={comparisons.map((each) => ({
        key: String(each.id),
        marked: each.answer !== null && each.answer.choice === null,
        cells: [
          <PlaceLink key="link" to={{ page: "decisions", comparison: each.id }}>{`${each.parameter_set ?? each.family} · ${each.id}`}</PlaceLink>,
          <VerdictBadge key="verdict" verdict={each.verdict} />,
          each.sentence,
          answered(each, texts),
          formats.time(each.created_at),
        ],
      }))}
    />
  );
}

function answered({ answer }: ComparisonLine, { answer: t }: Language): string {
  if (answer === null) return "–";
  if (answer.choice === null) return t.waiting;
  if (answer.by === null) return t.silent(answer.choice === APPROVE ? t.approve : t.refuse);
  return answer.choice === APPROVE ? t.approvedBy(answer.by) : t.refusedBy(answer.by);
}
