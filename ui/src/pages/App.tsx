// The pages: which one is shown stands in the place. Everything is inside one error boundary, our styles and one <main>-like section.
import type { ReactNode } from "react";
import { useApi } from "../api/use";
import type { Me } from "../api/types";
import { HostPlace } from "../host/HostPlace";
import { PlaceLink } from "../host/links";
import { numberIn, usePlace } from "../host/place";
import { DatabaseNote, Show } from "../parts/states";
import { ErrorBoundary } from "../parts/ErrorBoundary";
import { addStyles } from "../styles/styles";
import { useTexts } from "../texts";
import { DecisionPage } from "./decisions/DecisionPage";
import { DecisionsPage } from "./decisions/DecisionsPage";
import { RunPage } from "./run/RunPage";
import { ParameterSetPage } from "./sets/ParameterSetPage";
import { ParameterSetsPage } from "./sets/ParameterSetsPage";
import { StudiesPage } from "./studies/StudiesPage";
import { StudyPage } from "./study/StudyPage";

/** The run of a DAG that a tab belongs to; nothing in the navigation. */
export interface Run {
  dagId?: string;
  runId?: string;
}

function Page({ run }: { run: Run }) {
  const place = usePlace();
  const study = numberIn(place, "study");
  const comparison = numberIn(place, "comparison");
  const set = place.get("set");
  if (study !== null) return <StudyPage study={study} />;
  if (comparison !== null) return <DecisionPage comparison={comparison} />;
  if (set !== null) return <ParameterSetPage name={set} />;
  const page = place.get("page");
  if (page === "decisions") return <DecisionsPage run={run} />;
  if (page === "parameter-sets") return <ParameterSetsPage />;
  return run.runId === undefined ? <StudiesPage run={run} /> : <RunPage run={run} />;
}

function PageLinks() {
  const place = usePlace();
  const texts = useTexts().common;
  const here = place.get("comparison") !== null ? "decisions" : place.get("set") !== null ? "parameter-sets" : (place.get("page") ?? "studies");
  return (
    <nav className="hpo-pages" aria-label={texts.studies}>
      <PlaceLink to={{}} current={here === "studies"}>
        {texts.studies}
      </PlaceLink>
      <PlaceLink to={{ page: "decisions" }} current={here === "decisions"}>
        {texts.decisions}
      </PlaceLink>
      <PlaceLink to={{ page: "parameter-sets" }} current={here === "parameter-sets"}>
        {texts.parameterSets}
      </PlaceLink>
    </nav>
  );
}

function Pages({ run }: { run: Run }) {
  const place = usePlace();
  const me = useApi<Me>("/me", ({ database }) => database.state !== "ok");
  return (
    <Show loaded={me}>
      {(known) => (
        <>
          <PageLinks />
          {known.database.state === "ok" ? (
            <ErrorBoundary resetOn={place.href({}, true)}>
              <Page run={run} />
            </ErrorBoundary>
          ) : (
            <DatabaseNote database={known.database} />
          )}
        </>
      )}
    </Show>
  );
}

/** The frame of everything that we show in Airflow. */
export function Frame({ children }: { children: ReactNode }) {
  addStyles();
  return (
    <ErrorBoundary>
      <section className="hpo" aria-label={useTexts().common.studies}>
        {children}
      </section>
    </ErrorBoundary>
  );
}

export function App(run: Run) {
  return (
    <Frame>
      <HostPlace>
        <Pages run={run} />
      </HostPlace>
    </Frame>
  );
}
