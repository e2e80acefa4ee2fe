// Studies as a table: how each goes, its best, and what is wrong with it.
import type { StudyLine } from "../../api/types";
import { AirflowLink, PlaceLink, runPath } from "../../host/links";
import { CountsBar, ParamList, StateMark } from "../../parts/bits";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";

export function StudyTable({ studies }: { studies: StudyLine[] }) {
  const texts = useTexts().list;
  return (
    <div className="hpo-scroll" tabIndex={0} role="group" aria-label={texts.caption}>
      <table>
        <caption>{texts.caption}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.study}</th>
            <th scope="col">{texts.state}</th>
            <th scope="col">{texts.trials}</th>
            <th scope="col">{texts.best}</th>
            <th scope="col">{texts.parameters}</th>
            <th scope="col">{texts.left}</th>
            <th scope="col">{texts.started}</th>
          </tr>
        </thead>
        <tbody>
          {studies.map((study) => (
            <Row key={study.id} study={study} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ study }: { study: StudyLine }) {
  const texts = useTexts();
  const formats = useFormats();
  const { best } = study;
  return (
    <tr>
      <th scope="row">
        <PlaceLink to={{ study: study.id }}>{study.family}</PlaceLink>
        <br />
        <small>
          <AirflowLink to={runPath(study.dag_id, study.run_id)}>{study.run}</AirflowLink>
          {study.evaluates ? ` · ${texts.list.evaluates}` : null}
        </small>
      </th>
      <td>
        <StateMark state={study.state} />
        {study.cause === null ? null : <div className="hpo-cause">{study.cause}</div>}
      </td>
      <td>
        <CountsBar counts={study.counts} wanted={study.wanted} />
      </td>
      <td>
        {best === null ? "–" : formats.value(best.value)}
        <br />
        <small>{study.metric}</small>
      </td>
      <td>{best === null ? "–" : <ParamList params={best.params} />}</td>
      <td className="hpo-time">{study.state === "running" ? formats.duration(study.seconds_left) : "–"}</td>
      <td className="hpo-time">{formats.time(study.started_at)}</td>
    </tr>
  );
}
