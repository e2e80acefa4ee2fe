// All editions of a study next to each other: how the optimum moved, and the best of each in a table.
import { lazy, Suspense } from "react";
import { pathOf, useApi } from "../../api/use";
import type { Drift as DriftAnswer, Study } from "../../api/types";
import { PlaceLink } from "../../host/links";
import { Panel } from "../../parts/bits";
import { PlainTable } from "../../parts/PlainTable";
import { Loading, Show } from "../../parts/states";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";

const Drift = lazy(() => import("../../charts/Drift"));

export function Editions({ study }: { study: Study }) {
  const texts = useTexts().drift;
  const loaded = useApi<DriftAnswer>(`/families/${pathOf(study.family)}/drift`);
  return (
    <Panel title={texts.title}>
      <p className="hpo-muted">{texts.help}</p>
      <Show loaded={loaded}>
        {(drift) => (
          <>
            <Suspense fallback={<Loading />}>
              <Drift drift={drift} metric={study.metric} />
            </Suspense>
            <BestOfEach drift={drift} study={study} />
          </>
        )}
      </Show>
    </Panel>
  );
}

function BestOfEach({ drift, study }: { drift: DriftAnswer; study: Study }) {
  const texts = useTexts();
  const formats = useFormats();
  const names = [...new Set(drift.editions.flatMap(({ best_params }) => Object.keys(best_params ?? {})))];
  const columns = [
    { title: texts.drift.edition, fixed: true },
    { title: `${texts.list.best} ${study.metric}`, number: true },
    ...names.map((title) => ({ title, number: true })),
    { title: texts.drift.promoted, number: true },
  ];
  const rows = drift.editions.map((edition, index) => {
    const next = drift.editions[index + 1]?.started_at;
    const versions = drift.promotions.filter(({ at }) => at >= edition.started_at && (next === undefined || at < next));
    return {
      key: String(edition.id),
      marked: edition.id === study.id,
      cells: [
        <PlaceLink key="link" to={{ study: edition.id }}>
          {formats.time(edition.started_at)}
        </PlaceLink>,
        formats.value(edition.best_value),
        ...names.map((name) => formats.any(edition.best_params?.[name] ?? null)),
        versions.map(({ version }) => `v${version}`).join(", "),
      ],
    };
  });
  return <PlainTable caption={texts.drift.table} columns={columns} rows={rows.reverse()} />;
}
