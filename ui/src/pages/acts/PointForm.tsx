// A point that a person wants to be evaluated next; what is left out is sampled.
import { useState } from "react";
import { change } from "../../api/client";
import type { Study } from "../../api/types";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { ActForm } from "./ActForm";
import { PointField } from "./PointField";
import { pointOf, textsOf } from "./typed";

export function PointForm({ study }: { study: Study }) {
  const t = useTexts().acts;
  const formats = useFormats();
  const [texts, setTexts] = useState<Record<string, string>>({});
  const point = pointOf(study.parameters, texts);
  const told = Object.entries(point ?? {}).map(([name, value]) => `${name} = ${formats.any(value)}`).join(", ");
  return (
    <ActForm
      study={study.id}
      title={t.point}
      button={t.pointButton}
      question={point === null ? null : t.surePoint(told)}
      doing={() => change(`/studies/${study.id}/trials`, { params: point })}
      done={() => setTexts({})}
    >
      <p className="hpo-row">
        {study.best === null ? null : (
          <button type="button" className="hpo-plain" onClick={() => setTexts(textsOf(study.parameters, study.best?.params ?? {}))}>
            {t.fromBest(String(study.best.number))}
          </button>
        )}
        {study.champion === null ? null : (
          <button type="button" className="hpo-plain" onClick={() => setTexts(textsOf(study.parameters, study.champion?.params ?? {}))}>
            {t.fromChampion}
          </button>
        )}
      </p>
      <div className="hpo-fields">
        {study.parameters.map((parameter) => (
          <PointField
            key={parameter.name}
            parameter={parameter}
            text={texts[parameter.name] ?? ""}
            type={(text) => setTexts({ ...texts, [parameter.name]: text })}
          />
        ))}
      </div>
      <p className="hpo-muted">{t.leftOut}</p>
    </ActForm>
  );
}
