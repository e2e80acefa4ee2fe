// What a person who may steer can do to a study.
import type { Study } from "../../api/types";

export function StudyActs({ study }: { study: Study }) {
  return study.may.steer ? <div className="hpo-row" /> : null;
}
