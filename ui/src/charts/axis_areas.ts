// Intervals drawn along parallel axes, as ranges of the selection and back.
import type { Range } from "../filter/selection";
import type { Frame } from "../frame/frame";
import type { ECharts } from "./echarts";

interface AxisArea {
  parallelAxisId?: string;
  intervals?: [number, number][];
}

/** An interval of categories reaches around the places that it covers. */
function interval(frame: Frame, name: string, [low, high]: [number, number]): Range {
  return frame.axes.get(name)?.categories == null ? [low, high] : [Math.round(low) - 0.4, Math.round(high) + 0.4];
}

function same(one: readonly Range[], two: readonly Range[]): boolean {
  return JSON.stringify(one) === JSON.stringify(two);
}

/** Shows the ranges that are there already, and passes on what is drawn. */
export function axisSelecting(
  shown: readonly string[],
  frame: Frame,
  ranges: { readonly [axis: string]: readonly Range[] },
  set: (axis: string, ranges: readonly Range[]) => void,
): (chart: ECharts) => () => void {
  return (chart) => {
    const drawn = (event: unknown): void => {
      const { parallelAxisId: name, intervals } = event as AxisArea;
      if (name === undefined) return;
      const next = (intervals ?? []).map((found) => interval(frame, name, found));
      if (!same(next, ranges[name] ?? [])) set(name, next);
    };
    for (const name of shown) {
      const found = ranges[name];
      if (found !== undefined) chart.dispatchAction({ type: "axisAreaSelect", parallelAxisId: name, intervals: found }, { silent: true });
    }
    chart.on("axisareaselected", drawn);
    return () => {
      if (!chart.isDisposed()) chart.off("axisareaselected", drawn);
    };
  };
}
