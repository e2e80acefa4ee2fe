// The list of studies, of one run where it is the tab of a run.
import { useState } from "react";
import { query, useApi } from "../../api/use";
import type { StudyList } from "../../api/types";
import { usePlace } from "../../host/place";
import { Note, Show } from "../../parts/states";
import { useTexts } from "../../texts";
import type { Run } from "../App";
import { SearchBox } from "./SearchBox";
import { StudyTable } from "./StudyTable";

const PAGE = 50;

export function StudiesPage({ run }: { run: Run }) {
  const place = usePlace();
  const texts = useTexts();
  const [shown, setShown] = useState(PAGE);
  const q = place.get("q");
  const state = place.get("state");
  const family = place.get("family");
  const path = `/studies${query({ dag_id: run.dagId, run_id: run.runId, q, state, family, limit: shown })}`;
  const loaded = useApi<StudyList>(path, true);
  const searched = q !== null || state !== null || family !== null;
  return (
    <>
      <h1>{texts.common.studies}</h1>
      <SearchBox />
      <Show loaded={loaded}>
        {(list) =>
          list.studies.length === 0 ? (
            <Empty searched={searched} ofRun={run.runId !== undefined} />
          ) : (
            <>
              <StudyTable studies={list.studies} />
              {list.next === null ? null : (
                <p>
                  <button type="button" onClick={() => setShown(shown + PAGE)}>
                    {texts.common.more}
                  </button>
                </p>
              )}
            </>
          )
        }
      </Show>
    </>
  );
}

function Empty({ searched, ofRun }: { searched: boolean; ofRun: boolean }) {
  const texts = useTexts().list;
  const [title, help] = searched
    ? [texts.emptySearch, texts.emptySearchHelp]
    : ofRun
      ? [texts.noneOfRun, texts.noneOfRunHelp]
      : [texts.empty, texts.emptyHelp];
  return (
    <Note title={title}>
      <p>{help}</p>
    </Note>
  );
}
