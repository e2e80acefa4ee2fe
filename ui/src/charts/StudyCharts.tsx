// All charts of a study: one module, so that they come with their library in one go.
import { useMemo } from "react";
import type { Attempts, Curves as CurvesAnswer } from "../api/types";
import { ErrorBoundary } from "../parts/ErrorBoundary";
import { Curves } from "./Curves";
import { History } from "./History";
import { Importance } from "./Importance";
import { Parallel } from "./Parallel";
import type { StudyChart } from "./props";
import { Slice } from "./Slice";
import { Timeline } from "./Timeline";

export type ChartTab = "overview" | "parameters" | "time";

interface Props extends StudyChart {
  tab: ChartTab;
  curves: CurvesAnswer["curves"] | undefined;
  attempts: Attempts | undefined;
  chosen: number | null;
  onNumber: (number: number) => void;
}

export default function StudyCharts({ tab, curves, attempts, chosen, onNumber, ...chart }: Props) {
  // Attempts that run grow with every answer and not with every redraw.
  const now = useMemo(() => (attempts === undefined ? 0 : Date.now() / 1000), [attempts]);
  if (tab === "time") {
    if (attempts === undefined || attempts.number.length === 0) return null;
    return (
      <ErrorBoundary>
        <Timeline study={chart.study} attempts={attempts} now={now} onNumber={onNumber} />
      </ErrorBoundary>
    );
  }
  if (tab === "parameters") {
    return (
      <ErrorBoundary>
        <Slice {...chart} />
      </ErrorBoundary>
    );
  }
  return (
    <>
      <div className="hpo-grid">
        <ErrorBoundary>
          <History {...chart} />
        </ErrorBoundary>
        {chart.study.evaluates ? null : <Importance study={chart.study} />}
      </div>
      <ErrorBoundary>
        <Parallel {...chart} />
      </ErrorBoundary>
      {curves?.some(({ steps }) => steps.length > 1) ? (
        <ErrorBoundary>
          <Curves {...chart} curves={curves} chosen={chosen} />
        </ErrorBoundary>
      ) : null}
    </>
  );
}
