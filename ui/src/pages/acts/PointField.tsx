// One parameter of a typed point, with its range and what is wrong with what was typed.
import { useId } from "react";
import type { Parameter } from "../../api/types";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { choicesOf, typed } from "./typed";

interface PointFieldProps {
  parameter: Parameter;
  text: string;
  type: (text: string) => void;
}

export function PointField({ parameter, text, type }: PointFieldProps) {
  const t = useTexts().acts;
  const formats = useFormats();
  const id = useId();
  const choices = choicesOf(parameter);
  const found = typed(parameter, text);
  const range = [
    choices === null ? t.range(formats.value(parameter.low), formats.value(parameter.high)) : "",
    parameter.log ? t.log : "",
    parameter.step === null || parameter.step === 1 ? "" : t.step(formats.value(parameter.step)),
    parameter.condition === null ? "" : t.condition(parameter.condition),
  ];
  return (
    <div className="hpo-field">
      <label htmlFor={id}>{parameter.name}</label>
      {choices === null ? (
        <input id={id} inputMode="decimal" value={text} placeholder={t.sampled} aria-invalid={found.kind === "wrong"} aria-describedby={`${id}-hint`} onChange={(event) => type(event.target.value)} />
      ) : (
        <select id={id} value={text} aria-describedby={`${id}-hint`} onChange={(event) => type(event.target.value)}>
          <option value="">{t.sampled}</option>
          {choices.map((choice, index) => <option key={index} value={index}>{choice === null ? "null" : formats.any(choice)}</option>)}
        </select>
      )}
      <small id={`${id}-hint`}>
        {range.filter(Boolean).join(", ")} {found.kind === "wrong" ? <b className="hpo-cause">{t.wrong[found.why]}</b> : null}
      </small>
    </div>
  );
}
