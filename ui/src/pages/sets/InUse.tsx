// The version that production uses now, with where it comes from.
import type { ParameterSet, Version } from "../../api/deciding";
import { PlaceLink } from "../../host/links";
import { Facts, ParamList } from "../../parts/bits";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";

export function InUse({ set }: { set: ParameterSet }) {
  const t = useTexts().sets;
  const formats = useFormats();
  const found = set.versions.find((each) => each.version === set.version);
  if (found === undefined) return <p>{t.noVersion}</p>;
  const since = set.moves.find((move) => move.to_version === found.version)?.at ?? found.created_at;
  return (
    <>
      <p>{t.used(formats.count(found.version), formats.time(since))}</p>
      <Facts
        facts={[
          ...Object.entries(found.params).map(([name, value]) => [name, formats.any(value)] as const),
        ]}
      />
      <Origin version={found} />
    </>
  );
}

/** Where a version comes from: its study and trial, who approved it, and what else was kept. */
export function Origin({ version }: { version: Version }) {
  const t = useTexts().sets;
  const { provenance, study, approval, restores } = version;
  const { study: name, number, ...others } = provenance;
  const trial = typeof number === "number" ? number : null;
  return (
    <details>
      <summary>{t.origin}</summary>
      <Facts
        facts={[
          [t.study, name === undefined || name === null ? null : study === null ? String(name) : <PlaceLink to={{ study, trial }}>{`${String(name)}${trial === null ? "" : ` · ${trial}`}`}</PlaceLink>],
          [t.restores, restores],
          [t.approval, approval],
        ]}
      />
      <ParamList params={others} />
    </details>
  );
}
