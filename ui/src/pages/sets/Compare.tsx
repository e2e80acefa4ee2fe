// Any two versions side by side; at first what production uses and the one before.
import { useState } from "react";
import type { Version } from "../../api/deciding";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { DiffTable } from "./DiffTable";

export function Compare({ versions, now }: { versions: readonly Version[]; now: number | null }) {
  const t = useTexts().sets;
  const current = versions.find((each) => each.version === now) ?? versions[0];
  const before = versions.find((each) => each.version < (current?.version ?? 0)) ?? versions.find((each) => each !== current);
  const [chosen, setChosen] = useState<{ old?: number; next?: number }>({});
  const old = versions.find((each) => each.version === chosen.old) ?? before;
  const next = versions.find((each) => each.version === chosen.next) ?? current;
  if (old === undefined || next === undefined) return null;
  return (
    <>
      <p className="hpo-row">
        <Choice label={t.from} versions={versions} value={old.version} choose={(version) => setChosen({ ...chosen, old: version })} />
        <Choice label={t.to} versions={versions} value={next.version} choose={(version) => setChosen({ ...chosen, next: version })} />
      </p>
      <DiffTable old={old} next={next} />
    </>
  );
}

interface ChoiceProps {
  label: string;
  versions: readonly Version[];
  value: number;
  choose: (version: number) => void;
}

function Choice({ label, versions, value, choose }: ChoiceProps) {
  const t = useTexts().sets;
  const formats = useFormats();
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => choose(Number(event.target.value))}>
        {versions.map((each) => (
          <option key={each.version} value={each.version}>
            {`${t.versionNumber(formats.count(each.version))} · ${formats.time(each.created_at)}`}
          </option>
        ))}
      </select>
    </label>
  );
}
