// How long each chart takes at 10,000 trials, beside ECharts alone with the same data: `await measure("history", 5)` in the console.
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import type { ReactNode } from "react";
import { core, type Option } from "../src/charts/echarts";
import { Curves } from "../src/charts/Curves";
import { History } from "../src/charts/History";
import { Parallel } from "../src/charts/Parallel";
import type { StudyChart } from "../src/charts/props";
import { Slice } from "../src/charts/Slice";
import { Timeline } from "../src/charts/Timeline";
import { select, type Selecting } from "../src/filter/selection";
import { frameOf } from "../src/frame/frame";
import { addStyles } from "../src/styles/styles";
import { bare } from "./bare";
import { attemptsOf, columnsOf, curvesOf, studyOf } from "./study";

const MANY = 2; // the study of 10,000 trials
const root = document.getElementById("root")!;
const study = studyOf(MANY);
const frame = frameOf(columnsOf(MANY), study, { number: "Trial", seconds: "Seconds" });
const nothing = { filter: "", ranges: {} };
const selecting: Selecting = { ...nothing, setFilter: () => {}, setRanges: () => {}, clear: () => {} };
const props: StudyChart = { study, frame, selecting, selected: select(frame, nothing), onTrial: () => {} };
const attempts = attemptsOf(MANY);
const now = attempts.started.at(-1)! + 400;

const OURS: { [name: string]: () => ReactNode } = {
  history: () => <History {...props} />,
  parallel: () => <Parallel {...props} />,
  slice: () => <Slice {...props} />,
  curves: () => <Curves {...props} curves={curvesOf(MANY).curves} chosen={null} />,
  timeline: () => <Timeline study={study} attempts={attempts} now={now} onNumber={() => {}} />,
};

/** Waits for the last part of what is drawn part by part; the event `finished` may come before one can listen. */
async function finished(elements: Iterable<Element>): Promise<void> {
  const charts = [...elements].map((element) => core.getInstanceByDom(element as HTMLElement)!);
  do await new Promise(requestAnimationFrame);
  while (charts.some((chart) => (chart as unknown as { _scheduler: { unfinished: boolean } })._scheduler.unfinished));
}

async function ours(name: string): Promise<number> {
  const shown = createRoot(root);
  const began = performance.now();
  flushSync(() => shown.render(OURS[name]!()));
  await finished(root.querySelectorAll("[role=img]"));
  const took = performance.now() - began;
  shown.unmount();
  return took;
}

async function alone(options: Option[], height: number): Promise<number> {
  const elements = options.map(() => {
    const element = document.createElement("div");
    element.style.height = `${height}px`;
    element.style.width = options.length > 1 ? "390px" : "1170px";
    root.append(element);
    return element;
  });
  const began = performance.now();
  const charts = options.map((option, at) => {
    const chart = core.init(elements[at]!);
    chart.setOption({ animation: false, ...option });
    return chart;
  });
  await finished(elements);
  const took = performance.now() - began;
  for (const chart of charts) chart.dispose();
  root.replaceChildren();
  return took;
}

/** The shortest times of some rounds, ours and ECharts alone by turns, in milliseconds. */
async function measure(name: string, rounds: number): Promise<{ ours: number; alone: number }> {
  const { options, height } = bare(name, frame, curvesOf(MANY).curves, attempts, now);
  const times = { ours: [] as number[], alone: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.alone.push(await alone(options(), height));
    times.ours.push(await ours(name));
  }
  return { ours: Math.min(...times.ours), alone: Math.min(...times.alone) };
}

addStyles();
Object.assign(globalThis, { measure });
