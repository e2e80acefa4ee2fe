// How the study is set: its parameters, what runs now, what differs from its file, what people changed.
import type { Parameter, Study } from "../../api/types";
import { Facts, Panel } from "../../parts/bits";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { PlaceLink } from "../../host/links";

export function Settings({ study }: { study: Study }) {
  const texts = useTexts().study;
  const formats = useFormats();
  const { settings } = study;
  const facts = [
    [texts.direction, `${study.metric}: ${texts[study.direction]}`],
    [texts.sampler, settings.sampler],
    [texts.maxTrials, settings.max_trials === null ? null : formats.count(settings.max_trials)],
    [texts.parallelism, settings.parallelism === null ? null : formats.count(settings.parallelism)],
    [texts.timeout, settings.timeout_seconds === null ? null : formats.duration(settings.timeout_seconds)],
    [texts.scenarios, study.scenarios.join(", ")],
    [texts.otherMetrics, study.metrics.join(", ")],
  ] as const;
  return (
    <>
      <Panel title={texts.now}>
        <Facts facts={facts} />
        {study.differs.length === 0 ? null : (
          <>
            <h3>{texts.differs}</h3>
            <ul>{study.differs.map((line) => <li key={line}>{line}</li>)}</ul>
          </>
        )}
      </Panel>
      <Panel title={texts.space}>
        <Space parameters={study.parameters} />
      </Panel>
      <Decisions study={study} />
      <Acts study={study} />
      <Panel title={texts.declaration}>
        <pre tabIndex={0}>{JSON.stringify(study.declaration, null, 2)}</pre>
      </Panel>
    </>
  );
}

function Space({ parameters }: { parameters: Parameter[] }) {
  const texts = useTexts().study;
  const formats = useFormats();
  const values = ({ low, high, log, step, choices }: Parameter): string =>
    choices === null
      ? `${formats.value(low)} … ${formats.value(high)}${log ? `, ${texts.log}` : ""}${step === null ? "" : `, ${texts.step(formats.value(step))}`}`
      : choices.map((choice) => formats.any(choice)).join(", ");
  return (
    <div className="hpo-scroll" tabIndex={0} role="group" aria-label={texts.space}>
      <table>
        <caption>{texts.spaceHelp}</caption>
        <thead>
          <tr>
            {[texts.parameter, texts.kindOf, texts.values, texts.condition].map((title) => (
              <th key={title} scope="col">{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {parameters.map((parameter) => (
            <tr key={parameter.name}>
              <th scope="row">{parameter.name}</th>
              <td>{parameter.kind}</td>
              <td>{values(parameter)}</td>
              <td>{parameter.condition ?? ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Decisions({ study }: { study: Study }) {
  const texts = useTexts();
  if (study.comparisons.length === 0) return null;
  return (
    <Panel title={texts.common.decisions}>
      <ul>
        {study.comparisons.map(({ id, sentence, verdict }) => (
          <li key={id}>
            <PlaceLink to={{ comparison: id }}>{verdict}</PlaceLink>: {sentence}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Acts({ study }: { study: Study }) {
  const texts = useTexts().study;
  const formats = useFormats();
  if (study.acts.length === 0) return null;
  return (
    <Panel title={texts.acts}>
      <ul>
        {study.acts.map(({ act, number, by, details, at }) => (
          <li key={`${at}${act}${number}`}>
            {formats.time(at)}: {act}
            {number === null ? "" : ` ${number}`}, {by}. {details}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
