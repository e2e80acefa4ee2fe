// Who moved the champion, when, why, and on which comparison.
import type { Move, ParameterSet } from "../../api/deciding";
import { PlaceLink } from "../../host/links";
import { PlainTable } from "../../parts/PlainTable";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";

export function Moves({ set }: { set: ParameterSet }) {
  const t = useTexts().sets;
  const formats = useFormats();
  const names: { readonly [action: string]: string } = t.actions;
  const version = (number: number | null): string => (number === null ? "–" : formats.count(number));
  const cells = (move: Move) => [
    formats.time(move.at),
    names[move.action] ?? move.action,
    `${version(move.from_version)} → ${version(move.to_version)}`,
    move.by ?? "–",
    move.reason ?? "",
    move.comparison === null ? "" : <PlaceLink key="comparison" to={{ page: "decisions", comparison: move.comparison }}>{t.decision(String(move.comparison))}</PlaceLink>,
  ];
  return (
    <PlainTable
      caption={t.movesCaption}
      columns={[{ title: t.when, fixed: true }, { title: t.what, fixed: true }, { title: t.versions, fixed: true }, { title: t.who }, { title: t.why, text: true }, { title: t.evidence, fixed: true }]}
      rows={set.moves.map((move, index) => ({ key: `${move.at} ${index}`, cells: cells(move) }))}
    />
  );
}
