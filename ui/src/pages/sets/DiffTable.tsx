// What differs between two versions.
import type { Version } from "../../api/deciding";
import { Badge } from "../../parts/Badge";
import { PlainTable } from "../../parts/PlainTable";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { useAmounts } from "../decisions/amount";
import { diff, shownValue } from "./diff";

export function DiffTable({ old, next, onlyChanged = false }: { old: Version; next: Version; onlyChanged?: boolean }) {
  const t = useTexts().sets;
  const formats = useFormats();
  const { effect } = useAmounts("relative");
  const shown = (value: unknown): string => (typeof value === "number" ? formats.value(value) : shownValue(value));
  const rows = diff(old.params, next.params).filter((row) => !onlyChanged || row.change !== "same");
  if (rows.every((row) => row.change === "same")) return <p>{t.same}</p>;
  return (
    <PlainTable
      caption={t.diffCaption(formats.count(old.version), formats.count(next.version))}
      columns={[
        { title: t.parameter },
        { title: t.versionNumber(formats.count(old.version)), number: true },
        { title: `${t.versionNumber(formats.count(next.version))} `, number: true },
        { title: t.change },
      ]}
      rows={rows.map((row) => ({
        key: row.name,
        marked: row.change !== "same",
        cells: [
          row.name,
          shown(row.old),
          shown(row.new),
          row.change === "same" ? "" : <Badge key="change" kind="open">{row.share === null ? t.changes[row.change] : effect(row.share)}</Badge>,
        ],
      }))}
    />
  );
}
