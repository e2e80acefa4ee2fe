// One decision with its evidence.
import { useTexts } from "../../texts";

export function DecisionPage({ comparison }: { comparison: number }) {
  return (
    <h1>
      {useTexts().common.decisions} {comparison}
    </h1>
  );
}
