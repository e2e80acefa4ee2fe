// Drawing an area on a chart: what lies in it is selected in all charts and the table.
import type { Range } from "../filter/selection";
import type { ECharts } from "./echarts";

interface BrushEnd {
  areas?: { coordRange?: [[number, number], [number, number]] }[];
}

/** Lets a person draw one rectangle, and calls with the intervals of both axes. */
export function brushing(chosen: (x: Range[], y: Range[]) => void): (chart: ECharts) => () => void {
  return (chart) => {
    const drawn = (event: unknown): void => {
      const range = (event as BrushEnd).areas?.[0]?.coordRange;
      if (range !== undefined) chosen([range[0]], [range[1]]);
    };
    chart.dispatchAction({ type: "takeGlobalCursor", key: "brush", brushOption: { brushType: "rect", brushMode: "single" } });
    chart.on("brushEnd", drawn);
    return () => {
      if (chart.isDisposed()) return;
      chart.off("brushEnd", drawn);
      chart.dispatchAction({ type: "brush", areas: [] });
      chart.dispatchAction({ type: "takeGlobalCursor", key: "brush", brushOption: { brushType: false } });
    };
  };
}
