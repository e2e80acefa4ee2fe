// One trial: its parameters, what is odd about it, and every attempt.
import { useApi } from "../../api/use";
import type { Study, TrialDetail } from "../../api/types";
import { PlaceLink } from "../../host/links";
import { Facts, Panel, ParamList, StateMark } from "../../parts/bits";
import { Show } from "../../parts/states";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { AttemptCard } from "./AttemptCard";
import { TrialActs } from "./TrialActs";

interface TrialPanelProps {
  study: Study;
  number: number;
  /** Takes the trial out of the place. */
  onClose: () => void;
}

export function TrialPanel({ study, number, onClose }: TrialPanelProps) {
  const texts = useTexts();
  const loaded = useApi<TrialDetail>(`/studies/${study.id}/trials/${number}`, study.state === "running");
  const aside = (
    <button type="button" onClick={onClose}>
      {texts.common.close}
    </button>
  );
  return (
    <Panel title={texts.common.number(number)} aside={aside}>
      <Show loaded={loaded}>{(trial) => <Trial study={study} trial={trial} />}</Show>
    </Panel>
  );
}

function Trial({ study, trial }: { study: Study; trial: TrialDetail }) {
  const texts = useTexts();
  const t = texts.trial;
  const formats = useFormats();
  const origins: { readonly [origin: string]: string } = t.origins;
  const link = (number: number | null) => (number === null ? null : <PlaceLink to={{ trial: number }} stay>{texts.common.number(number)}</PlaceLink>);
  const value = trial.value === null ? trial.value_mark : formats.value(trial.value);
  return (
    <>
      <Facts
        facts={[
          [t.state, <StateMark key="state" state={trial.state} />],
          [study.metric, value],
          [t.parameters, <ParamList key="params" params={trial.params} />],
          [t.metrics, Object.keys(trial.metrics).length === 0 ? null : <ParamList key="metrics" params={trial.metrics} />],
          [t.origin, trial.origin === null ? null : (origins[trial.origin] ?? trial.origin)],
          [t.feasible, trial.feasible === null ? null : trial.feasible ? texts.common.yes : texts.common.no],
          [t.replaces, link(trial.replaces)],
          [t.replacedBy, link(trial.replaced_by)],
        ]}
      />
      {[...(trial.invalid === null ? [] : [trial.invalid]), ...trial.broken, ...trial.oddities].map((sentence) => <p key={sentence} className="hpo-cause">{sentence}</p>)}
      <TrialActs study={study} trial={trial} />
      {trial.attempts.length + trial.simulations.length === 0 ? <p>{t.notBegun}</p> : null}
      {trial.attempts.map((attempt) => <AttemptCard key={attempt.attempt} attempt={attempt} />)}
      {trial.simulations.map((each) => (
        <details key={each.scenario}>
          <summary>
            {each.scenario}: {each.state}
            {each.value === null ? "" : `, ${formats.value(each.value)}`}
          </summary>
          {each.attempts.map((attempt) => <AttemptCard key={attempt.attempt} attempt={attempt} />)}
        </details>
      ))}
    </>
  );
}
