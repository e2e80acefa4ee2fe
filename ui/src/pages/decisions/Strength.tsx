// How strong the evidence is: effect, p-value against its level, and what of the error budget was spent.
import type { Comparison } from "../../api/deciding";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { useAmounts } from "./amount";
import { Meter } from "./Meter";

export function Strength({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  const formats = useFormats();
  const { effect, p_value: p, level, error, min_improvement: least } = comparison;
  const amounts = useAmounts(effect?.scale ?? "absolute");
  return (
    <>
      <dl className="hpo-figures">
        {effect === null ? null : (
          <div>
            <dt>{t.effect(comparison.metric ?? "")}</dt>
            <dd>
              {amounts.effect(effect.estimate)} {effect.unit}
              <small>
                {amounts.interval(effect.low, effect.high)}
                {effect.confidence === null ? "" : ` (${formats.percent(effect.confidence)})`}
              </small>
            </dd>
          </div>
        )}
        {least ? (
          <div>
            <dt>{t.least}</dt>
            <dd>{amounts.effect(least)}</dd>
          </div>
        ) : null}
        {p === null ? null : (
          <div>
            <dt>{t.pValue}</dt>
            <dd>
              {formats.value(p)}
              {level === null ? null : <small>{p <= level ? t.within(formats.value(level)) : t.beyond(formats.value(level))}</small>}
            </dd>
          </div>
        )}
      </dl>
      {error.budget !== null && error.left !== null ? (
        <Meter label={t.budget} whole={error.budget} spent={error.budget - error.left} own={error.charged ?? 0} />
      ) : null}
      {error.sentence === null ? null : <p>{error.sentence}</p>}
    </>
  );
}
