// Any two versions side by side; at first what production uses and the one before.
import type { Version } from "../../api/deciding";
import { numberIn, usePlace } from "../../host/place";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { DiffTable } from "./DiffTable";

export function Compare({ versions, now }: { versions: readonly Version[]; now: number | null }) {
  const t = useTexts().sets;
  const current = versions.find((each) => each.version === now) ?? versions[0];
  const before = versions.find((each) => each.version < (current?.version ?? 0)) ?? versions.find((each) => each !== current);
  const place = usePlace();
  // In the address, so that a person can send what they see.
  const named = (name: "from" | "to") => versions.find((each) => each.version === numberIn(place, name));
  const old = named("from") ?? before;
  const next = named("to") ?? current;
  if (old === undefined || next === undefined) return null;
  return (
    <>
      <p className="hpo-row">
        <Choice label={t.from} versions={versions} value={old.version} choose={(version) => place.go({ from: version }, true)} />
        <Choice label={t.to} versions={versions} value={next.version} choose={(version) => place.go({ to: version }, true)} />
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
