// What few people need: every pair of evaluations, and the report as the text that was stored.
import type { Comparison } from "../../api/deciding";
import { PlainTable } from "../../parts/PlainTable";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { useAmounts } from "./amount";

/** More rows make a page slow. */
const MOST = 500;

export function Details({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  const formats = useFormats();
  const { pairs } = comparison;
  return (
    <>
      {pairs.length === 0 ? null : (
        <details>
          <summary>{t.pairs(formats.count(pairs.length))}</summary>
          <Pairs pairs={pairs.slice(0, MOST)} />
          {pairs.length > MOST ? <p>{t.hiddenPairs(formats.count(pairs.length - MOST))}</p> : null}
        </details>
      )}
      <details>
        <summary>{t.report}</summary>
        <pre tabIndex={0}>{comparison.report}</pre>
      </details>
    </>
  );
}

function Pairs({ pairs }: Pick<Comparison, "pairs">) {
  const t = useTexts().decision;
  const formats = useFormats();
  const amounts = useAmounts("absolute");
  return (
    <PlainTable
      caption={t.pairsCaption}
      columns={[
        { title: t.scenario },
        { title: t.variant },
        { title: t.replicate, number: true },
        { title: t.champion, number: true },
        { title: t.challenger, number: true },
        { title: t.better, number: true },
      ]}
      rows={pairs.map((pair, index) => ({
        key: String(index),
        cells: [pair.scenario, pair.variant ?? "", pair.replicate, formats.value(pair.champion), formats.value(pair.challenger), amounts.effect(pair.difference)],
      }))}
    />
  );
}
