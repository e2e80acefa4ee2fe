// When each attempt waited and ran, a lane for each slot, and how busy the slots were.
import { useCallback, useMemo } from "react";
import type { Attempts, Study } from "../api/types";
import { Panel } from "../parts/bits";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";
import { axisOption, escaped, grid, tooltip } from "./axes";
import Chart, { type Colours } from "./Chart";
import { PARTS, timelineOf, utilisation, type Part } from "./segments";

const plain = { log: false, categories: null, parameter: false, data: new Float64Array() };

function colourOf(part: Part, colours: Colours): string {
  if (part === "waiting") return colours.marked;
  if (part === "complete") return colours.best;
  if (part === "failed") return colours.bad;
  return part === "pruned" ? colours.faint : colours.series;
}

interface Props {
  study: Study;
  attempts: Attempts;
  now: number;
  onNumber: (number: number) => void;
}

export function Timeline({ study, attempts, now, onNumber }: Props) {
  const texts = useTexts();
  const formats = useFormats();
  const timeline = useMemo(() => timelineOf(attempts, now), [attempts, now]);
  const busy = useMemo(() => utilisation(timeline), [timeline]);
  const row = useCallback((part: string, item: number) => timeline.parts.get(part as Part)?.rows[item], [timeline]);
  const height = Math.min(420, 90 + 14 * timeline.lanes);
  const option = useCallback(
    (colours: Colours) => ({
      grid: grid({ top: 40 }),
      legend: { top: 0, textStyle: { color: colours.text }, inactiveColor: colours.muted },
      // series of lines do not widen axes
      xAxis: {
        ...axisOption({ ...plain, name: "time", label: "" }, colours, (seconds) => formats.duration(seconds)),
        min: 0, max: timeline.length, scale: false,
      },
      yAxis: { ...axisOption({ ...plain, name: "slot", label: texts.chart.slots }, colours, (lane) => (Number.isInteger(lane) ? formats.count(lane + 1) : "")), min: -0.5, max: timeline.lanes - 0.5, minInterval: 1 },
      tooltip: tooltip(colours, ({ seriesId, dataIndex }) => {
        const at = row(seriesId, dataIndex);
        if (at === undefined) return "";
        const parts = [
          `${texts.common.number(attempts.number[at]!)}, ${texts.chart.attempt(attempts.attempt[at]!)}`,
          `${attempts.outcome[at]}${attempts.kind[at] === null ? "" : `: ${attempts.kind[at]}`}`,
          `${formats.time(attempts.started[at])}, ${formats.duration((attempts.finished[at] ?? now) - attempts.started[at]!)}`,
          `${texts.state.waiting}: ${formats.duration(attempts.waiting[at])}`,
          attempts.pod[at] ?? "",
        ];
        return parts.filter(Boolean).map(escaped).join("<br>");
      }),
      // ECharts fails to draw lines without any line.
      series: PARTS.filter((part) => timeline.parts.get(part)!.rows.length > 0).map((part) => ({
        id: part, name: texts.state[part], type: "lines", coordinateSystem: "cartesian2d", polyline: true, large: true, largeThreshold: 0,
        data: timeline.parts.get(part)!.flat, itemStyle: { color: colourOf(part, colours) },
        lineStyle: { color: colourOf(part, colours), width: part === "waiting" ? 3 : Math.max(2, Math.min(8, 260 / timeline.lanes)), opacity: 1 },
      })),
    }),
    [timeline, attempts, now, texts, formats, row],
  );
  return (
    <Panel title={texts.chart.timeline}>
      {study.bottleneck === null ? null : <p>{study.bottleneck}</p>}
      <p className="hpo-muted">{texts.chart.busy(formats.percent(busy.running), formats.percent(busy.waiting), formats.count(timeline.lanes))}</p>
      <Chart
        label={texts.chart.timelineLabel(formats.count(attempts.number.length), formats.count(timeline.lanes))}
        height={height}
        option={option}
        onPick={(part, item) => {
          const at = row(part, item);
          if (at !== undefined) onNumber(attempts.number[at]!);
        }}
      />
    </Panel>
  );
}
