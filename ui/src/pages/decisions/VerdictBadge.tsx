// The verdict of a comparison as a word.
import { Badge, type BadgeKind } from "../../parts/Badge";
import { useTexts } from "../../texts";

const KINDS: { readonly [verdict: string]: BadgeKind } = { promote: "good", keep: "plain", inconclusive: "open" };

export function VerdictBadge({ verdict }: { verdict: string }) {
  const names: { readonly [verdict: string]: string } = useTexts().verdict;
  return <Badge kind={KINDS[verdict] ?? "plain"}>{names[verdict] ?? verdict}</Badge>;
}
