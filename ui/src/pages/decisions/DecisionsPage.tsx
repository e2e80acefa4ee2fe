// The list of decisions, of one run where it is the tab of a run.
import { useTexts } from "../../texts";
import type { Run } from "../App";

export function DecisionsPage({ run }: { run: Run }) {
  return <h1 data-run={run.runId}>{useTexts().common.decisions}</h1>;
}
