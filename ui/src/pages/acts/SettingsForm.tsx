// Other settings for a study that runs, within what its tasks were laid out for.
import { useState, type ChangeEvent } from "react";
import { change } from "../../api/client";
import type { Study } from "../../api/types";
import { useTexts } from "../../texts";
import { ActForm } from "./ActForm";
import { changedSettings, settingTexts, type SettingTexts } from "./changed_settings";

const SAMPLERS = ["tpe", "random", "gp", "cmaes", "qmc", "grid", "nsga2"];

export function SettingsForm({ study }: { study: Study }) {
  const t = useTexts().acts;
  const { settings } = study;
  const [typed, setTyped] = useState<Partial<SettingTexts>>({});
  const texts = { ...settingTexts(settings), ...typed };
  const changes = changedSettings(settings, texts);
  const told = Object.entries(changes ?? {}).map(([name, value]) => `${name} = ${value ?? "–"}`).join(", ");
  const field = (name: keyof SettingTexts) => ({
    value: texts[name],
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLSelectElement>) => setTyped({ ...typed, [name]: event.target.value }),
  });
  const samplers = SAMPLERS.includes(settings.sampler) ? SAMPLERS : [settings.sampler, ...SAMPLERS];
  return (
    <ActForm
      study={study.id}
      title={t.settings}
      button={t.set}
      question={told === "" ? null : t.sureSet(told)}
      doing={() => change(`/studies/${study.id}/settings`, changes)}
      done={() => setTyped({})}
    >
      <p className="hpo-row">
        <label>
          {t.parallelism} <input inputMode="numeric" size={5} {...field("parallelism")} />
        </label>
        <label>
          {t.trials} <input inputMode="numeric" size={6} {...field("max_trials")} />
        </label>
        <label>
          {t.hours} <input inputMode="decimal" size={6} {...field("hours")} />
        </label>
        <label>
          {t.sampler}{" "}
          <select {...field("sampler")}>
            {samplers.map((name) => <option key={name}>{name}</option>)}
          </select>
        </label>
      </p>
      <p className="hpo-muted">
        {settings.most_parallelism === null ? "" : t.laidOut(String(settings.most_parallelism))} {settings.most_trials === null ? "" : t.mostTrials(String(settings.most_trials))}
      </p>
      {study.differs.map((sentence) => <p key={sentence} className="hpo-muted">{sentence}</p>)}
    </ActForm>
  );
}
