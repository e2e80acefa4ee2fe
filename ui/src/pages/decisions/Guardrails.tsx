// What must not get worse, by how much it may, and what was found.
import type { Comparison, GuardrailFound } from "../../api/deciding";
import { Badge } from "../../parts/Badge";
import { PlainTable } from "../../parts/PlainTable";
import { useTexts } from "../../texts";
import { amountsOf } from "./amount";
import { useLocale } from "../../host/locale";

export function Guardrails({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  const { language } = useLocale();
  const cells = (found: GuardrailFound) => {
    const amounts = amountsOf(language, found.scale);
    return [
      found.metric,
      <Kept key="kept" kept={found.kept} />,
      found.estimate === null ? "–" : `${amounts.effect(found.estimate)} ${amounts.interval(found.low, found.high)}`,
      amounts.effect(-Math.abs(found.margin)),
      found.sentence,
    ];
  };
  return (
    <PlainTable
      caption={t.guardrailsCaption}
      columns={[{ title: t.metric }, { title: t.holds }, { title: t.better, number: true }, { title: t.margin, number: true }, { title: t.found, text: true }]}
      rows={comparison.guardrails.map((found) => ({ key: found.metric, cells: cells(found) }))}
    />
  );
}

function Kept({ kept }: { kept: boolean | null }) {
  const t = useTexts().decision;
  if (kept === null) return <Badge kind="open">{t.notShown}</Badge>;
  return kept ? <Badge kind="good">{t.kept}</Badge> : <Badge kind="bad">{t.broken}</Badge>;
}
