// How the optimum of a study moved from edition to edition: the best value and its parameters, with what production got.
import { useCallback, useMemo } from "react";
import type { Drift as DriftAnswer, DriftEdition } from "../api/types";
import { usePlace } from "../host/place";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";
import { escaped, grid, halo, tooltip } from "./axes";
import Chart, { type Colours } from "./Chart";

interface Measured {
  edition: DriftEdition;
  value: number;
}

interface Quantity {
  name: string;
  isBest: boolean;
  values: Measured[];
}

/** A quantity of those editions that have it as a number. */
function quantity(drift: DriftAnswer, name: string, isBest: boolean, of: (edition: DriftEdition) => unknown): Quantity {
  const values = drift.editions.flatMap((edition) => {
    const value = of(edition);
    return typeof value === "number" ? [{ edition, value }] : [];
  });
  return { name, isBest, values };
}

/** The best value and each numeric parameter of the best, where at least two editions have it. */
function quantities(drift: DriftAnswer, metric: string): Quantity[] {
  const names = new Set(drift.editions.flatMap(({ best_params }) => Object.keys(best_params ?? {})));
  const best = quantity(drift, metric, true, ({ best_value }) => best_value);
  const params = [...names].map((name) => quantity(drift, name, false, ({ best_params }) => best_params?.[name]));
  return [best, ...params].filter(({ values }) => values.length > 1);
}

export default function Drift({ drift, metric }: { drift: DriftAnswer; metric: string }) {
  const shown = useMemo(() => quantities(drift, metric), [drift, metric]);
  return (
    <div className="hpo-slices">
      {shown.map((each) => (
        <One key={`${each.isBest} ${each.name}`} drift={drift} {...each} />
      ))}
    </div>
  );
}

function One({ drift, name, values, isBest }: Quantity & { drift: DriftAnswer }) {
  const texts = useTexts().drift;
  const formats = useFormats();
  const place = usePlace();
  const option = useCallback(
    (colours: Colours) => {
      const look = { axisLine: { lineStyle: { color: colours.line } }, axisLabel: { color: colours.muted, hideOverlap: true } };
      const splitLine = { lineStyle: { color: colours.line, opacity: 0.6 } };
      return {
        grid: grid({ left: 52, right: 18 }),
        xAxis: { ...look, type: "time", min: drift.editions[0]?.started_at, max: drift.editions.at(-1)?.started_at },
        yAxis: {
          ...look, type: "value", scale: true, name, nameTextStyle: { color: colours.muted, align: "left" }, splitLine,
          axisLabel: { ...look.axisLabel, formatter: formats.value },
        },
        tooltip: tooltip(colours, ({ dataIndex }) => {
          const at = values[dataIndex];
          return at === undefined ? "" : `<b>${escaped(formats.time(at.edition.started_at))}</b><br>${escaped(`${name}: ${formats.value(at.value)}`)}`;
        }),
        series: [
          {
            id: "drift", type: "line", symbolSize: 8, data: values.map(({ edition, value }) => [edition.started_at, value]),
            lineStyle: { color: isBest ? colours.best : colours.series }, itemStyle: { color: isBest ? colours.best : colours.series },
            markLine: {
              symbol: "none", silent: true, lineStyle: { color: colours.marked, type: "dashed" },
              label: { ...halo(colours), position: "end", formatter: ({ dataIndex }: { dataIndex: number }) => `v${drift.promotions[dataIndex]?.version ?? ""}` },
              data: drift.promotions.map(({ at }) => ({ xAxis: at })),
            },
          },
        ],
      };
    },
    [drift, name, values, isBest, formats],
  );
  return (
    <Chart
      label={texts.label(name, formats.count(values.length))}
      height={210}
      option={option}
      onPick={(_, item) => {
        const id = values[item]?.edition.id;
        if (id !== undefined) place.go({ study: id });
      }}
    />
  );
}
