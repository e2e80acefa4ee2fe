// Each parameter against the value, or against the trial's number: which value was tried when.
import { useCallback, useMemo, useState } from "react";
import { axisOf, NUMBER, VALUE } from "../frame/frame";
import { Panel } from "../parts/bits";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";
import { axisOption, grid, LARGE, tooltip } from "./axes";
import Chart, { type Colours } from "./Chart";
import { groupOf, points, type Points } from "./groups";
import type { StudyChart } from "./props";
import { useTrialTip } from "./tip";

const NONE: Points = { xy: new Float64Array(), rows: new Uint32Array() };
const MANY = 2000; // points that would cover each other

export function Slice(props: StudyChart) {
  const { frame } = props;
  const texts = useTexts().chart;
  const [up, setUp] = useState(VALUE);
  return (
    <Panel
      title={texts.slice}
      aside={
        <label>
          {texts.against}
          <select value={up} onChange={(event) => setUp(event.target.value)}>
            {[VALUE, NUMBER].map((name) => (
              <option key={name} value={name}>
                {frame.axes.get(name)!.label}
              </option>
            ))}
          </select>
        </label>
      }
    >
      <div className="hpo-slices">
        {frame.parameters.map((name) => (
          <One key={name} {...props} parameter={name} up={up} />
        ))}
      </div>
    </Panel>
  );
}

function One({ frame, selected, onTrial, parameter, up }: StudyChart & { parameter: string; up: string }) {
  const texts = useTexts().chart;
  const formats = useFormats();
  const tip = useTrialTip(frame);
  const x = frame.axes.get(axisOf(parameter))!;
  const y = frame.axes.get(up)!;
  const series = useMemo(() => {
    const found = points(x.data, y.data, (row) => {
      const group = groupOf(frame, selected.mask, row);
      return group === null || group === "unselected" ? group : "selected";
    });
    return { unselected: found.get("unselected") ?? NONE, selected: found.get("selected") ?? NONE };
  }, [frame, selected, x, y]);
  const option = useCallback(
    (colours: Colours) => ({
      grid: grid({ top: 10, left: 52, right: 10, bottom: 38 }),
      xAxis: { ...axisOption(x, colours, formats.value), nameLocation: "middle", nameGap: 24 },
      yAxis: { ...axisOption(y, colours, formats.value), name: "" },
      tooltip: tooltip(colours, ({ seriesId, dataIndex }) => tip(series[seriesId as keyof typeof series].rows[dataIndex])),
      series: (["unselected", "selected"] as const).map((id) => ({
        id, type: "scatter", dimensions: ["x", "y"], data: series[id].xy, symbolSize: id === "selected" && series[id].rows.length < MANY ? 5 : 3, ...LARGE,
        itemStyle: { color: id === "selected" ? colours.series : colours.faint, opacity: id === "selected" ? 0.75 : 0.3 },
      })),
    }),
    [x, y, series, formats, tip],
  );
  return (
    <Chart
      label={texts.sliceLabel(parameter, y.label)}
      height={190}
      option={option}
      onPick={(id, item) => onTrial(series[id as keyof typeof series].rows[item])}
    />
  );
}
