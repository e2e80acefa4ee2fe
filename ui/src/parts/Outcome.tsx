// What came of an act. The line is there before its text, so that screen readers speak it.
import type { Said } from "./act";

export function Outcome({ said }: { said: Said | null }) {
  return (
    <p role={said?.wrong ? "alert" : "status"} className={said?.wrong ? "hpo-outcome hpo-wrong" : "hpo-outcome"}>
      {said?.sentence}
    </p>
  );
}
