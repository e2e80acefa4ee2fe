// The list of parameter sets: what production uses now.
import type { ParameterSetLine } from "../../api/deciding";
import { useApi } from "../../api/use";
import { AirflowLink, PlaceLink } from "../../host/links";
import { ParamList } from "../../parts/bits";
import { PlainTable } from "../../parts/PlainTable";
import { Note, Show } from "../../parts/states";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";

export function ParameterSetsPage() {
  const texts = useTexts();
  const loaded = useApi<{ parameter_sets: ParameterSetLine[] }>("/parameter-sets", true);
  return (
    <>
      <h1>{texts.common.parameterSets}</h1>
      <Show loaded={loaded}>{(data) => <SetList sets={data.parameter_sets} />}</Show>
    </>
  );
}

function SetList({ sets }: { sets: readonly ParameterSetLine[] }) {
  const t = useTexts().sets;
  const formats = useFormats();
  if (sets.length === 0) return <Note title={t.none}><p>{t.noneHelp}</p></Note>;
  return (
    <PlainTable
      caption={t.listCaption}
      columns={[{ title: t.name }, { title: t.version, number: true }, { title: t.parameters }, { title: t.since, fixed: true }, { title: t.source }, { title: t.dag }]}
      rows={sets.map((each) => ({
        key: each.name,
        cells: [
          <PlaceLink key="link" to={{ page: "parameter-sets", set: each.name }}>{each.name}</PlaceLink>,
          each.version === null ? "–" : formats.count(each.version),
          <ParamList key="params" params={each.params} />,
          formats.time(each.moved_at),
          each.source ?? "–",
          each.dag_id === null ? "–" : <AirflowLink key="dag" to={`/dags/${encodeURIComponent(each.dag_id)}`}>{each.dag_id}</AirflowLink>,
        ],
      }))}
    />
  );
}
