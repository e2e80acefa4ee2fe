// Smaller parts of a decision: variants, what changes, and how much the search overstated its finalists.
import type { Comparison } from "../../api/deciding";
import { PlainTable } from "../../parts/PlainTable";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { shareOf } from "../sets/diff";
import { useAmounts } from "./amount";

export function Variants({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  const formats = useFormats();
  const amounts = useAmounts(comparison.effect?.scale ?? "absolute");
  return (
    <PlainTable
      caption={t.variantsCaption}
      columns={[{ title: t.variant }, { title: t.champion, number: true }, { title: t.challenger, number: true }, { title: t.better, number: true }]}
      rows={comparison.variants.map((each) => ({
        key: each.variant,
        cells: [
          each.variant,
          formats.value(each.champion),
          formats.value(each.challenger),
          each.estimate === null ? "–" : `${amounts.effect(each.estimate)} ${amounts.interval(each.low, each.high)}`,
        ],
      }))}
    />
  );
}

export function Changes({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  const formats = useFormats();
  const amounts = useAmounts("relative");
  if (comparison.changes.length === 0) return <p>{t.noChange}</p>;
  return (
    <PlainTable
      caption={t.changesCaption}
      columns={[{ title: t.parameter }, { title: t.champion, number: true }, { title: t.challenger, number: true }, { title: t.change, number: true }]}
      rows={comparison.changes.map(({ name, champion, challenger }) => {
        const share = shareOf(champion, challenger);
        return { key: name, cells: [name, formats.any(champion), formats.any(challenger), share === null ? "" : amounts.effect(share)] };
      })}
    />
  );
}

export function Finalists({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  const formats = useFormats();
  return (
    <>
      <PlainTable
        caption={t.finalistsCaption}
        columns={[{ title: t.finalist }, { title: t.tuned, number: true }, { title: t.again, number: true }, { title: t.tooGood, number: true }]}
        rows={comparison.candidates.map((each) => ({
          key: each.label,
          marked: each.label === comparison.challenger_label,
          cells: [each.label, formats.value(each.tuned), formats.value(each.validated), formats.value(each.inflation)],
        }))}
      />
      <p className="hpo-muted">{t.inflation}</p>
    </>
  );
}
