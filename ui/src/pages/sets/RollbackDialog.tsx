// The question before a rollback: what changes, and why it is done.
import { useState } from "react";
import type { ParameterSet, Version } from "../../api/deciding";
import type { Act } from "../../parts/act";
import { Confirm } from "../../parts/Confirm";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { DiffTable } from "./DiffTable";

interface RollbackDialogProps {
  set: ParameterSet;
  to: Version;
  expected: number;
  act: Act;
  doing: (reason: string) => Promise<string>;
  close: () => void;
}

export function RollbackDialog({ set, to, expected, act, doing, close }: RollbackDialogProps) {
  const t = useTexts().sets;
  const formats = useFormats();
  const [reason, setReason] = useState("");
  const now = set.versions.find((each) => each.version === expected);
  const version = formats.count(to.version);
  return (
    <Confirm title={t.bringBack(version)} button={t.bringBack(version)} act={act} doing={() => doing(reason)} close={close}>
      <p>{t.sure(set.name, formats.count(expected), version)}</p>
      {now === undefined ? null : <DiffTable old={now} next={to} onlyChanged />}
      <label className="hpo-field">
        {t.reason}
        <textarea rows={2} required maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
    </Confirm>
  );
}
