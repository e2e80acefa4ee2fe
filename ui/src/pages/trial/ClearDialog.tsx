// The question before a trial's task is cleared, with how many tasks that concerns.
import { useEffect, useState } from "react";
import type { Task } from "../../api/types";
import type { Act } from "../../parts/act";
import { Confirm } from "../../parts/Confirm";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { clear } from "./clearing";

interface ClearDialogProps {
  task: Task;
  number: number;
  /** Whether the study goes on: what comes after the trial is then still to come. */
  goesOn: boolean;
  act: Act;
  close: () => void;
}

export function ClearDialog({ task, number, goesOn, act, close }: ClearDialogProps) {
  const t = useTexts().trial;
  const formats = useFormats();
  const [downstream, setDownstream] = useState(!goesOn);
  const [count, setCount] = useState<number | null>(null);
  useEffect(() => {
    let current = true;
    setCount(null);
    // A look that fails is told by the clearing itself.
    clear(task, downstream, true).then((found) => { if (current) setCount(found); }, () => undefined);
    return () => {
      current = false;
    };
  }, [task, downstream]);
  const doing = async (): Promise<string> => t.cleared(formats.count(await clear(task, downstream)));
  return (
    <Confirm title={t.again} button={t.again} act={act} doing={doing} close={close}>
      <p>{t.sureAgain(String(number), task.task_id)}</p>
      <p>
        <label>
          <input type="checkbox" checked={downstream} onChange={(event) => setDownstream(event.target.checked)} />
          {t.downstream}
        </label>
      </p>
      <p aria-live="polite">{count === null ? "" : t.concerned(formats.count(count))}</p>
    </Confirm>
  );
}
