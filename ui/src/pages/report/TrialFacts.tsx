// What a report knows of one trial: its row of the table as a list.
import { useMemo } from "react";
import type { Columns } from "../../api/types";
import { indexOf } from "../../api/columns";
import { PlaceLink } from "../../host/links";
import { Facts, Panel, StateMark } from "../../parts/bits";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";

export function TrialFacts({ columns, number }: { columns: Columns; number: number }) {
  const texts = useTexts();
  const formats = useFormats();
  const row = useMemo(() => indexOf(columns.number, number), [columns, number]);
  if (columns.number[row] !== number) return null;
  const { table } = texts;
  const facts = [
    [table.state, <StateMark key="state" state={columns.state[row]!} />],
    [table.value, formats.value(columns.value[row])],
    ...Object.entries(columns.params).map(([name, column]) => [name, column[row] == null ? null : formats.any(column[row])] as const),
    [table.started, formats.time(columns.started[row])],
    [table.finished, formats.time(columns.finished[row])],
    [table.kind, columns.kind[row] ?? null],
    [table.pod, columns.pod[row] ?? null],
    [table.node, columns.node[row] ?? null],
  ] as const;
  return (
    <Panel title={texts.common.number(number)} aside={<PlaceLink to={{ trial: null }} stay>{texts.common.close}</PlaceLink>}>
      <Facts facts={facts} />
    </Panel>
  );
}
