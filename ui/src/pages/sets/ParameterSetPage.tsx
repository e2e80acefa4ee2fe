// One parameter set: what production uses, how it came to that, what differs between versions, and the way back.
import type { ComparisonLine, ParameterSet } from "../../api/deciding";
import { pathOf, query, useApi } from "../../api/use";
import { AirflowLink } from "../../host/links";
import { Panel } from "../../parts/bits";
import { Note, Show } from "../../parts/states";
import { useTexts } from "../../texts";
import { DecisionList } from "../decisions/DecisionsPage";
import { Compare } from "./Compare";
import { InUse } from "./InUse";
import { Moves } from "./Moves";
import { Versions } from "./Versions";

export function ParameterSetPage({ name }: { name: string }) {
  const loaded = useApi<ParameterSet>(`/parameter-sets/${pathOf(name)}`, true);
  return <Show loaded={loaded}>{(set) => <Whole set={set} />}</Show>;
}

function Whole({ set }: { set: ParameterSet }) {
  const t = useTexts().sets;
  return (
    <article>
      <h1>{set.name}</h1>
      {set.dag_id === null ? null : (
        <p className="hpo-muted">
          {t.owner} <AirflowLink to={`/dags/${encodeURIComponent(set.dag_id)}`}>{set.dag_id}</AirflowLink>
        </p>
      )}
      {set.versions.length === 0 ? <Note title={t.noVersion}><p>{t.noneHelp}</p></Note> : <Known set={set} />}
    </article>
  );
}

function Known({ set }: { set: ParameterSet }) {
  const t = useTexts().sets;
  return (
    <>
      <Panel title={t.inUse}><InUse set={set} /></Panel>
      <Panel title={t.history}><Moves set={set} /></Panel>
      <SetDecisions name={set.name} />
      <Panel title={t.versions}><Versions set={set} /></Panel>
      {set.versions.length > 1 ? <Panel title={t.compare}><Compare versions={set.versions} now={set.version} /></Panel> : null}
    </>
  );
}

function SetDecisions({ name }: { name: string }) {
  const t = useTexts().common;
  const { data } = useApi<{ comparisons: ComparisonLine[] }>(`/comparisons${query({ parameter_set: name, limit: 20 })}`);
  if (data === undefined || data.comparisons.length === 0) return null;
  return <Panel title={t.decisions}><DecisionList comparisons={data.comparisons} /></Panel>;
}
