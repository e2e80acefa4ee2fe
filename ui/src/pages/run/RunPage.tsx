// The tab of a DAG run: its studies, and what was decided in it.
import type { ComparisonLine } from "../../api/deciding";
import { query, useApi } from "../../api/use";
import { Panel } from "../../parts/bits";
import { useTexts } from "../../texts";
import type { Run } from "../App";
import { DecisionList } from "../decisions/DecisionsPage";
import { StudiesPage } from "../studies/StudiesPage";

export function RunPage({ run }: { run: Run }) {
  return (
    <>
      <StudiesPage run={run} />
      <RunDecisions run={run} />
    </>
  );
}

/** Nothing where the run has decided nothing: most runs of other DAGs have not. */
function RunDecisions({ run }: { run: Run }) {
  const t = useTexts().common;
  const { data } = useApi<{ comparisons: ComparisonLine[] }>(`/comparisons${query({ dag_id: run.dagId, run_id: run.runId })}`, true);
  if (data === undefined || data.comparisons.length === 0) return null;
  return <Panel title={t.decisions}><DecisionList comparisons={data.comparisons} /></Panel>;
}
