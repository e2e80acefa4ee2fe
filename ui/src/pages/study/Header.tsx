// How the study goes: what is done, what failed and why, the best, the rate, the time left, and the sentence.
import type { Columns, Study } from "../../api/types";
import { AirflowLink, PlaceLink, runPath } from "../../host/links";
import { usePlace } from "../../host/place";
import { CountsBar, ParamList, StateMark } from "../../parts/bits";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";

/** Results an hour: of the last hour while it runs, else of the whole study. */
export function rate(columns: Columns, now: number, running: boolean): number | null {
  const since = running ? now - 3600 : -Infinity;
  let [count, first, last] = [0, Infinity, -Infinity];
  columns.finished.forEach((finished, row) => {
    if (finished === null || columns.state[row] !== "complete" || finished < since) return;
    count += 1;
    first = Math.min(first, columns.started[row] ?? finished);
    last = Math.max(last, finished);
  });
  const seconds = (running ? now : last) - Math.max(first, since);
  return count === 0 || seconds <= 0 ? null : (3600 * count) / seconds;
}

export function Header({ study, perHour }: { study: Study; perHour: number | null }) {
  const texts = useTexts();
  const formats = useFormats();
  const { best } = study;
  return (
    <header>
      <h1>{study.family}</h1>
      <div className="hpo-row">
        <StateMark state={study.state} />
        <AirflowLink to={runPath(study.dag_id, study.run_id)} label={`${texts.list.run} ${study.run}`}>
          {study.run}
        </AirflowLink>
        <Editions study={study} />
      </div>
      <p>{study.sentence}</p>
      {study.cause === null ? null : <p className="hpo-cause">{study.cause}</p>}
      <CountsBar counts={study.counts} wanted={study.wanted} />
      <dl className="hpo-figures">
        {best === null ? null : <Figure name={`${texts.list.best} ${study.metric}`}>{formats.value(best.value)}</Figure>}
        {perHour === null ? null : <Figure name={texts.study.rate}>{formats.value(perHour)}</Figure>}
        {study.state === "running" ? <Figure name={texts.list.left}>{formats.duration(study.seconds_left)}</Figure> : null}
        <Figure name={texts.study.slots}>{formats.count(study.slots)}</Figure>
        {Object.entries(study.failures).map(([kind, count]) => (
          <Figure key={kind} name={`${texts.state.failed}: ${kind}`}>
            {formats.count(count)}
          </Figure>
        ))}
      </dl>
      {best === null ? null : (
        <p>
          <PlaceLink to={{ trial: best.number }} stay>
            {texts.common.number(best.number)}
          </PlaceLink>{" "}
          <ParamList params={best.params} />
        </p>
      )}
      <Why study={study} />
    </header>
  );
}

function Figure({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Editions({ study }: { study: Study }) {
  const texts = useTexts().study;
  const formats = useFormats();
  const place = usePlace();
  if (study.editions.length < 2) return null;
  return (
    <label>
      {texts.edition}
      <select value={study.id} onChange={(event) => place.go({ study: event.target.value, tab: place.get("tab") })}>
        {study.editions.map(({ id, started_at }) => (
          <option key={id} value={id}>
            {formats.time(started_at)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Why({ study }: { study: Study }) {
  const texts = useTexts().study;
  if (study.why.length === 0 || study.state === "ended") return null;
  return (
    <details>
      <summary>{texts.why}</summary>
      <ul>
        {study.why.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </details>
  );
}
