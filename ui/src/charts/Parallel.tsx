// Parallel coordinates: one line a trial through all chosen axes. Drawing along an axis selects what passes there.
import { useCallback, useMemo, useState } from "react";
import { VALUE, axisOf } from "../frame/frame";
import { Panel } from "../parts/bits";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";
import { axisOption, halo, withMissing } from "./axes";
import { Choice } from "../parts/Choice";
import Chart, { type Colours } from "./Chart";
import { axisSelecting } from "./axis_areas";
import { bands } from "./bands";
import type { StudyChart } from "./props";

const MOST = 10; // axes that are readable side by side

export function Parallel({ study, frame, selected, selecting }: StudyChart) {
  const texts = useTexts();
  const formats = useFormats();
  const all = useMemo(() => {
    const share = new Map((study.importance ?? []).map(({ name, share: part }) => [name, part]));
    const sorted = [...frame.parameters].sort((one, two) => (share.get(two) ?? 0) - (share.get(one) ?? 0));
    return [VALUE, ...sorted.map(axisOf)];
  }, [study.importance, frame.parameters]);
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  const shown = useMemo(() => (chosen ?? all.slice(0, MOST)).filter((name) => frame.axes.has(name)), [chosen, all, frame]);

  const series = useMemo(() => bands(frame, shown, selected), [frame, shown, selected]);
  const option = useCallback(
    (colours: Colours) => ({
      parallel: { left: 48, right: 64, top: 36, bottom: 24, parallelAxisDefault: { areaSelectStyle: { width: 18, color: colours.series, opacity: 0.25 } } },
      parallelAxis: shown.map((name, dim) => {
        const axis = frame.axes.get(name)!;
        const missing = withMissing(axis);
        const shape = axisOption(axis, colours, formats.value);
        return { ...shape, id: name, dim, realtime: false, axisLabel: { ...(shape["axisLabel"] as object), ...halo(colours) }, ...(missing === null ? {} : { data: missing.categories }), nameTextStyle: { color: colours.text }, axisLine: { lineStyle: { color: colours.muted } } };
      }),
      series: series.map(({ name, flat, opacity, colour, width }) => ({
        id: name,
        type: "parallel",
        dimensions: shown.map((_, dim) => `dim${dim}`),
        data: flat,
        silent: true,
        progressive: 500,
        progressiveThreshold: 1000,
        smooth: false,
        inactiveOpacity: 0.04,
        activeOpacity: opacity,
        lineStyle: { color: colours[colour], opacity, width },
      })),
    }),
    [frame, shown, series, formats],
  );
  const { setRanges, ranges } = selecting;
  const then = useMemo(() => axisSelecting(shown, frame, ranges, setRanges), [shown, frame, ranges, setRanges]);
  return (
    <Panel
      title={texts.chart.parallel}
      aside={<Choice all={all} shown={shown} label={(name) => frame.axes.get(name)?.label ?? name} choose={setChosen} title={texts.chart.axes} />}
    >
      <p className="hpo-muted">{texts.chart.parallelHelp}</p>
      <Chart label={texts.chart.parallelLabel(formats.count(selected.count), shown.length)} height={320} option={option} then={then} />
    </Panel>
  );
}
