// The charts as ECharts draws them from plain options with the same data: what ours are compared with.
import type { Attempts, Curves } from "../src/api/types";
import type { Option } from "../src/charts/echarts";
import { axisOf, isResult, NUMBER, VALUE, type Frame } from "../src/frame/frame";

interface Bare {
  /** New options for each round: ECharts keeps what it is given. */
  options: () => Option[];
  height: number;
}

function pairs(frame: Frame, x: string, y: string): number[][] {
  const [across, up] = [frame.axes.get(x)!.data, frame.axes.get(y)!.data];
  return Array.from(across, (value, row) => [value, up[row]!]).filter(([one, two]) => !Number.isNaN(one) && !Number.isNaN(two));
}

function axis(frame: Frame, name: string): object {
  const { categories, log } = frame.axes.get(name)!;
  return categories === null ? { type: log ? "log" : "value", scale: true } : { type: "category", data: categories };
}

function history(frame: Frame): Option {
  const found = pairs(frame, NUMBER, VALUE);
  let best = -Infinity;
  const line = found.map(([x, y]) => [x, (best = Math.max(best, y!))]);
  return { tooltip: {}, legend: {}, xAxis: {}, yAxis: { scale: true }, series: [{ type: "scatter", large: true, data: found }, { type: "line", step: "end", showSymbol: false, data: line }] };
}

function parallel(frame: Frame): Option {
  const axes = [VALUE, ...frame.parameters.map(axisOf)];
  const data: (number | null)[][] = [];
  for (let row = 0; row < frame.length; row++) {
    if (isResult(frame, row)) data.push(axes.map((name) => { const value = frame.axes.get(name)!.data[row]!; return Number.isNaN(value) ? null : value; }));
  }
  return { parallelAxis: axes.map((name, dim) => ({ dim, ...axis(frame, name) })), series: [{ type: "parallel", data, lineStyle: { opacity: 0.1 } }] };
}

function slices(frame: Frame): Option[] {
  return frame.parameters.map((name) => ({ tooltip: {}, xAxis: axis(frame, axisOf(name)), yAxis: { scale: true }, series: [{ type: "scatter", large: true, data: pairs(frame, axisOf(name), VALUE) }] }));
}

function intermediate(curves: Curves["curves"]): Option {
  return { tooltip: {}, xAxis: { scale: true }, yAxis: { scale: true }, series: curves.map(({ steps, values }) => ({ type: "line", data: steps.map((step, at) => [step, values[at]]) })) };
}

function timeline(attempts: Attempts, now: number): Option {
  const start = attempts.started[0]!;
  const coords = attempts.started.map((from, at) => [[from - start, attempts.slot[at]!], [(attempts.finished[at] ?? now) - start, attempts.slot[at]!]]);
  const waits = attempts.started.map((from, at) => [[from - start, attempts.slot[at]!], [from - start + attempts.waiting[at]!, attempts.slot[at]!]]);
  const series = (data: number[][][], width: number): object => ({ type: "lines", coordinateSystem: "cartesian2d", polyline: true, large: true, lineStyle: { width }, data: data.map((line) => ({ coords: line })) });
  return { tooltip: {}, xAxis: { min: 0, max: now - start }, yAxis: { min: -1, max: 5 }, series: [series(waits, 3), series(coords, 8)] };
}

export function bare(name: string, frame: Frame, curves: Curves["curves"], attempts: Attempts, now: number): Bare {
  if (name === "history") return { options: () => [history(frame)], height: 300 };
  if (name === "parallel") return { options: () => [parallel(frame)], height: 320 };
  if (name === "slice") return { options: () => slices(frame), height: 190 };
  if (name === "curves") return { options: () => [intermediate(curves)], height: 280 };
  return { options: () => [timeline(attempts, now)], height: 160 };
}
