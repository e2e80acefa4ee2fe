// Values in the order of trials, with the best so far. What broke a constraint, what was pruned and where points came from stand apart.
import { useCallback, useMemo, useState } from "react";
import { bestLine, NUMBER, VALUE } from "../frame/frame";
import { Panel } from "../parts/bits";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";
import { axisOption, grid, LARGE, tooltip } from "./axes";
import { brushing } from "./brush";
import Chart, { type Colours } from "./Chart";
import { championTest, groupOf, points, type Group } from "./groups";
import type { StudyChart } from "./props";
import { useTrialTip } from "./tip";

const GROUPS: readonly Group[] = ["unselected", "pruned", "infeasible", "result", "warm_start", "by_hand", "start_point"];

const MANY = 2000; // points that would cover each other

function looks(group: Group, colours: Colours, count: number): Record<string, unknown> {
  const mark = (symbol: string, symbolSize: number, color: string): Record<string, unknown> => ({ symbol, symbolSize, itemStyle: { color } });
  const hollow = (symbol: string, color: string): Record<string, unknown> => ({ symbol, symbolSize: 7, itemStyle: { color: "transparent", borderColor: color, borderWidth: 1.5 } });
  if (group === "unselected") return { ...mark("circle", 3, colours.faint), itemStyle: { color: colours.faint, opacity: 0.35 } };
  if (group === "pruned") return mark("diamond", count < MANY ? 6 : 3, colours.faint);
  if (group === "infeasible") return hollow("circle", colours.bad);
  if (group === "result") return mark("circle", count < MANY ? 5 : 3, colours.series);
  if (group === "warm_start") return hollow("rect", colours.marked);
  if (group === "by_hand") return mark("pin", 12, colours.marked);
  return mark("triangle", 9, colours.marked);
}

export function History({ study, frame, selected, selecting, onTrial }: StudyChart) {
  const texts = useTexts();
  const formats = useFormats();
  const [log, setLog] = useState(false);
  const tip = useTrialTip(frame);
  const series = useMemo(() => {
    const [x, y] = [frame.axes.get(NUMBER)!.data, frame.axes.get(VALUE)!.data];
    const isChampion = championTest(frame, study.champion);
    const drawn = (row: number): Group | null => (log && !(y[row]! > 0) ? null : groupOf(frame, selected.mask, row));
    const found = points(x, y, drawn);
    const champion = points(x, y, (row) => (isChampion(row) && drawn(row) !== null ? "champion" : null));
    // In the order of drawing: what matters most lies on top.
    return [...GROUPS, "champion"].flatMap((name) => {
      const own = found.get(name) ?? champion.get(name);
      return own === undefined ? [] : [{ name, ...own }];
    });
  }, [frame, selected, study, log]);
  const row = useCallback((id: string, item: number) => series.find(({ name }) => name === id)?.rows[item], [series]);

  const option = useCallback(
    (colours: Colours) => ({
      grid: grid({ top: 56 }),
      legend: { top: 0, type: "scroll", pageTextStyle: { color: colours.text }, textStyle: { color: colours.text }, inactiveColor: colours.muted, itemHeight: 10 },
      xAxis: { ...axisOption(frame.axes.get(NUMBER)!, colours, formats.count), nameLocation: "middle", nameGap: 26 },
      yAxis: axisOption({ ...frame.axes.get(VALUE)!, log }, colours, formats.value),
      tooltip: tooltip(colours, ({ seriesId, dataIndex }) => tip(row(seriesId, dataIndex))),
      brush: { xAxisIndex: 0, yAxisIndex: 0, throttleType: "debounce", outOfBrush: {}, inBrush: {}, seriesIndex: [] },
      series: [
        ...series.map(({ name, xy }) => ({
          id: name,
          name: texts.chart.groups[name as keyof typeof texts.chart.groups],
          type: "scatter",
          dimensions: ["number", "value"],
          data: xy,
          ...LARGE,
          ...(name === "champion"
            ? { symbol: "circle", symbolSize: 14, itemStyle: { color: "transparent", borderColor: colours.best, borderWidth: 2 } }
            : looks(name as Group, colours, frame.length)),
        })),
        // What an evaluation measures are other conditions, of which none is the best.
        ...(study.evaluates ? [] : [{
          id: "best", name: texts.chart.groups.best, type: "line", step: "end", showSymbol: false, silent: true, dimensions: ["number", "value"],
          data: bestLine(frame), lineStyle: { color: colours.best, width: 2 }, itemStyle: { color: colours.best },
        }]),
      ],
    }),
    [study.evaluates, frame, series, log, texts, formats, tip, row],
  );
  const { setRanges } = selecting;
  const [area, setArea] = useState(false);
  const then = useMemo(
    () => (area ? brushing((x, y) => { setRanges(NUMBER, x); setRanges(VALUE, y); setArea(false); }) : undefined),
    [area, setRanges],
  );
  return (
    <Panel
      title={texts.chart.history}
      aside={
        <span className="hpo-row">
          <label>
            <input type="checkbox" checked={log} onChange={(event) => setLog(event.target.checked)} />
            {texts.chart.log}
          </label>
          <button type="button" aria-pressed={area} onClick={() => setArea(!area)}>
            {texts.chart.selectArea}
          </button>
        </span>
      }
    >
      <Chart
        label={texts.chart.historyLabel(study.metric, formats.count(frame.length), formats.value(study.best?.value))}
        height={300}
        option={option}
        {...(then === undefined ? {} : { then })}
        onPick={(id, item) => onTrial(row(id, item))}
      />
    </Panel>
  );
}
