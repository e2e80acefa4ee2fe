// The decisions of a study's run in a report, each with its evidence.
import type { Comparison } from "../../api/deciding";
import { Panel } from "../../parts/bits";
import { useTexts } from "../../texts";
import { ForestTable } from "../decisions/Forest";
import { Guardrails } from "../decisions/Guardrails";
import { Changes } from "../decisions/Parts";
import { Strength } from "../decisions/Strength";
import { VerdictBadge } from "../decisions/VerdictBadge";

export function Decisions({ comparisons }: { comparisons: Comparison[] }) {
  const texts = useTexts().decision;
  return comparisons.map((comparison) => (
    <Panel key={comparison.id} title={texts.title(String(comparison.id))} aside={<VerdictBadge verdict={comparison.verdict} />}>
      <p>{comparison.sentence}</p>
      <Strength comparison={comparison} />
      {comparison.guardrails.length > 0 ? <Guardrails comparison={comparison} /> : null}
      <Changes comparison={comparison} />
      <ForestTable comparison={comparison} />
    </Panel>
  ));
}
