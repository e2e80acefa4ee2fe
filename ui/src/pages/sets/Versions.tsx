// All versions, and the way back to one of them for those who may.
import { useState } from "react";
import { ApiError, change } from "../../api/client";
import type { ParameterSet, RolledBack, Version } from "../../api/deciding";
import { refreshAll } from "../../api/resource";
import { pathOf } from "../../api/use";
import { ParamList } from "../../parts/bits";
import { useAct } from "../../parts/act";
import { Outcome } from "../../parts/Outcome";
import { PlainTable } from "../../parts/PlainTable";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { Origin } from "./InUse";
import { RollbackDialog } from "./RollbackDialog";

export function Versions({ set }: { set: ParameterSet }) {
  const t = useTexts().sets;
  const formats = useFormats();
  const act = useAct();
  // What was in use when the person asked, not what is by the time of the answer: the server refuses when they differ.
  const [asked, setAsked] = useState<{ to: Version; expected: number } | null>(null);
  const path = `/parameter-sets/${pathOf(set.name)}`;
  const rollBack = async (reason: string): Promise<string> => {
    try {
      const body = { expected: asked?.expected, to: asked?.to.version, reason };
      const done = await change<RolledBack>(`${path}/rollback`, body);
      return done.sentence;
    } catch (error) {
      throw error instanceof ApiError && error.status === 409 ? new ApiError(409, `${t.moved} ${error.message}`) : error;
    } finally {
      await refreshAll("/parameter-sets");
    }
  };
  const button = (each: Version) =>
    each.version === set.version ? t.now : set.may.rollback && set.version !== null ? (
      <button type="button" onClick={() => setAsked({ to: each, expected: set.version ?? 0 })}>{t.bringBack(formats.count(each.version))}</button>
    ) : "";
  return (
    <>
      {set.may.rollback ? null : <p>{t.mayNot}</p>}
      <Outcome said={asked === null ? act.said : null} />
      <PlainTable
        caption={t.versionsCaption}
        columns={[{ title: t.version }, { title: t.made, fixed: true }, { title: t.parameters, text: true }, { title: t.source, fixed: true }, { title: t.back }]}
        rows={set.versions.map((each) => ({
          key: String(each.version),
          marked: each.version === set.version,
          cells: [formats.count(each.version), formats.time(each.created_at), <ParamList key="params" params={each.params} />, <Origin key="origin" version={each} />, button(each)],
        }))}
      />
      {asked === null ? null : <RollbackDialog set={set} to={asked.to} expected={asked.expected} act={act} doing={rollBack} close={() => setAsked(null)} />}
    </>
  );
}
