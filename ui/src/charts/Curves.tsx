// Intermediate values: a line a trial, of the selected trials or the best ones.
import { useCallback, useMemo } from "react";
import type { Curves as Answer } from "../api/types";
import { Panel } from "../parts/bits";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";
import { axisOption, grid, tooltip } from "./axes";
import Chart, { type Colours } from "./Chart";
import type { StudyChart } from "./props";
import { useTrialTip } from "./tip";

const plain = { log: false, categories: null, parameter: false, data: new Float64Array() };

export function Curves({ study, frame, curves, onTrial, chosen }: StudyChart & { curves: Answer["curves"]; chosen: number | null }) {
  const texts = useTexts().chart;
  const formats = useFormats();
  const tip = useTrialTip(frame);
  const rows = useMemo(() => new Map(Array.from(frame.columns.number, (number, row) => [number, row])), [frame]);
  const option = useCallback(
    (colours: Colours) => ({
      grid: grid(),
      xAxis: { ...axisOption({ ...plain, name: "step", label: texts.step }, colours, formats.count), nameLocation: "middle", nameGap: 24 },
      yAxis: axisOption({ ...plain, name: "value", label: study.metric }, colours, formats.value),
      tooltip: tooltip(colours, ({ seriesId }) => tip(rows.get(Number(seriesId)))),
      series: curves.map(({ number, steps, values }) => {
        const pruned = frame.columns.state[rows.get(number) ?? -1] === "pruned";
        const color = number === chosen ? colours.marked : pruned ? colours.faint : colours.series;
        return {
          id: String(number), type: "line", showSymbol: steps.length === 1, symbolSize: 5, data: steps.map((step, at) => [step, values[at] ?? null]),
          triggerLineEvent: true, lineStyle: { color, width: number === chosen ? 3 : 1.2, opacity: number === chosen ? 1 : 0.6 }, itemStyle: { color },
          z: number === chosen ? 5 : 2,
        };
      }),
    }),
    [curves, chosen, frame, rows, study.metric, texts, formats, tip],
  );
  return (
    <Panel title={texts.curves}>
      <p className="hpo-muted">{texts.curvesHelp(formats.count(curves.length))}</p>
      <Chart label={texts.curvesLabel(formats.count(curves.length))} height={280} option={option} onPick={(id) => onTrial(rows.get(Number(id)))} />
    </Panel>
  );
}
