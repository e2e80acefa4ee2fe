// The study with its trials: the same in Airflow and in a report, which gives everything at once and no acts.
import { lazy, Suspense, useCallback, useMemo, type ReactNode } from "react";
import type { Attempts, Columns, Curves, Failures as FailureList, Study } from "../../api/types";
import type { ChartTab } from "../../charts/StudyCharts";
import { SelectionBar } from "../../filter/SelectionBar";
import { select, useSelection } from "../../filter/selection";
import { frameOf } from "../../frame/frame";
import { numberIn, usePlace } from "../../host/place";
import { Loading } from "../../parts/states";
import { Tabs } from "../../parts/Tabs";
import { TrialTable } from "../../table/TrialTable";
import { useTexts } from "../../texts";
import { Failures } from "./Failures";
import { Header, rate } from "./Header";
import { Opened } from "./Opened";
import { Settings } from "./Settings";

const StudyCharts = lazy(() => import("../../charts/StudyCharts"));
const TABS = ["overview", "parameters", "time", "editions", "settings"] as const;

export interface StudyData {
  study: Study;
  columns: Columns;
  curves: Curves | undefined;
  attempts: Attempts | undefined;
  failures: FailureList | undefined;
}

interface Props extends StudyData {
  /** What stands below the header: what a person can do, and the trial that is open. */
  acts?: ReactNode;
  trial?: ReactNode;
  /** All editions next to each other, where the study has several. */
  editions?: ReactNode;
}

export function StudyView({ study, columns, curves, attempts, failures, acts, trial, editions }: Props) {
  const place = usePlace();
  const texts = useTexts();
  const there = TABS.filter((name) => name !== "editions" || editions != null);
  const tab = there.find((name) => name === place.get("tab")) ?? "overview";
  const chosen = numberIn(place, "trial");
  const frame = useMemo(() => frameOf(columns, study, { number: texts.table.number, seconds: texts.table.seconds }), [columns, study, texts]);
  const selecting = useSelection(study.id);
  const selected = useMemo(() => select(frame, selecting), [frame, selecting]);
  const onNumber = useCallback((number: number) => place.go({ trial: number }, true), [place]);
  const onTrial = useCallback(
    (row: number | undefined) => {
      const number = row === undefined ? undefined : columns.number[row];
      if (number !== undefined) onNumber(number);
    },
    [columns, onNumber],
  );
  const perHour = useMemo(() => rate(columns, Date.now() / 1000, study.state === "running"), [columns, study.state]);
  const tabs = there.map((name) => ({ name, title: texts.study.tabs[name] }));
  return (
    <>
      <Header study={study} perHour={perHour} />
      {acts}
      <Tabs tabs={tabs} current={tab} to={(name) => ({ tab: name === "overview" ? null : name })} label={texts.study.tabsLabel} />
      {trial == null ? null : <Opened key={chosen}>{trial}</Opened>}
      {tab === "settings" ? (
        <Settings study={study} />
      ) : tab === "editions" ? (
        editions
      ) : (
        <>
          <SelectionBar frame={frame} selecting={selecting} selected={selected} />
          <Suspense fallback={<Loading />}>
            <StudyCharts {...{ tab: tab satisfies ChartTab, study, frame, selected, selecting, curves: curves?.curves, attempts, chosen, onNumber, onTrial }} />
          </Suspense>
          {tab === "time" && failures !== undefined ? <Failures {...failures} /> : null}
          <TrialTable study={study} frame={frame} selected={selected} chosen={chosen} />
        </>
      )}
    </>
  );
}
