// The forest plot as a table: what is drawn beside each row stands in it as a number too.
import { useMemo, useState } from "react";
import type { Comparison } from "../../api/deciding";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { useAmounts } from "./amount";
import { forest, type Forest, type Order } from "./forest";
import { Axis, Mark } from "./ForestMarks";

export function ForestTable({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  const [order, setOrder] = useState<Order>("given");
  const plot = useMemo(() => forest(comparison, order), [comparison, order]);
  const formats = useFormats();
  const amounts = useAmounts(comparison.effect?.scale ?? "absolute");
  if (comparison.by_scenario.every((each) => each.difference === null)) return <p>{t.noPairs}</p>;
  return (
    <>
      <p>
        {t.balance(formats.count(plot.better), formats.count(plot.worse))}{" "}
        <button type="button" aria-pressed={order === "size"} onClick={() => setOrder(order === "size" ? "given" : "size")}>
          {t.bySize}
        </button>
      </p>
      <div className="hpo-scroll" tabIndex={0} role="group" aria-label={t.forest}>
        <table className="hpo-forest">
          <caption>{t.forestCaption}</caption>
          <thead>
            <tr>
              <th scope="col">{t.scenario}</th>
              <th scope="col" className="hpo-number hpo-wide">{comparison.champion_label ?? t.champion}</th>
              <th scope="col" className="hpo-number hpo-wide">{comparison.challenger_label ?? t.challenger}</th>
              <th scope="col" className="hpo-number">{t.better}</th>
              <th scope="col" className="hpo-plot">
                <span className="hpo-hidden">{t.forest}</span>
                <Axis plot={plot} shown={amounts.effect} worse={t.worseSide} better={t.betterSide} />
              </th>
            </tr>
          </thead>
          <Rows plot={plot} comparison={comparison} />
        </table>
      </div>
      {plot.hidden > 0 ? <p>{t.hidden(formats.count(plot.hidden))}</p> : null}
    </>
  );
}

function Rows({ plot, comparison }: { plot: Forest; comparison: Comparison }) {
  const t = useTexts().decision;
  const formats = useFormats();
  const { effect, min_improvement: least } = comparison;
  const amounts = useAmounts(effect?.scale ?? "absolute");
  return (
    <tbody>
      {plot.rows.map((row) => (
        <tr key={row.scenario}>
          <th scope="row">{row.scenario}</th>
          <td className="hpo-number hpo-wide">{formats.value(row.champion)}</td>
          <td className="hpo-number hpo-wide">{formats.value(row.challenger)}</td>
          <td className="hpo-number">{row.difference === null ? t.missing : amounts.effect(row.difference)}</td>
          <td className="hpo-plot">
            <Mark plot={plot} least={least} value={row.difference} interval={row.spread} />
          </td>
        </tr>
      ))}
      {effect === null ? null : (
        <tr className="hpo-sum">
          <th scope="row">{t.all}</th>
          <td className="hpo-number hpo-wide" />
          <td className="hpo-number hpo-wide" />
          <td className="hpo-number">
            {amounts.effect(effect.estimate)} <small>{amounts.interval(effect.low, effect.high)}</small>
          </td>
          <td className="hpo-plot">
            <Mark plot={plot} least={least} value={effect.estimate} sum interval={[effect.low ?? plot.domain[0], effect.high ?? plot.domain[1]]} />
          </td>
        </tr>
      )}
    </tbody>
  );
}
