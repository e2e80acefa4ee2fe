// One trial: its parameters and every attempt.
import type { Study } from "../../api/types";
import { Panel } from "../../parts/bits";
import { useTexts } from "../../texts";

/** `onClose` takes the trial out of the place. A report has no server to ask, so it shows no panel. */
export function TrialPanel({ number }: { study: Study; number: number; onClose: () => void }) {
  return <Panel title={useTexts().common.number(number)}>{null}</Panel>;
}
