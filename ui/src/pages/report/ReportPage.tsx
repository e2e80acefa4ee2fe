// A report: the pages of one study from data that is in the file, without acts and without a server.
import type { Comparison } from "../../api/deciding";
import type { Attempts, Columns, Curves, Failures, Study } from "../../api/types";
import { numberIn, usePlace } from "../../host/place";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { StudyView } from "../study/StudyView";
import { Decisions } from "./Decisions";
import { TrialFacts } from "./TrialFacts";

/** What `airflow hpo studies plot` writes into the file; the shapes are those of the API. */
export interface ReportData {
  version: string;
  made_at: string;
  study: Study;
  trials: Columns;
  attempts: Attempts;
  failures: Failures;
  curves: Curves;
  comparisons: Comparison[];
}

export function ReportPage({ report }: { report: ReportData }) {
  const place = usePlace();
  const texts = useTexts();
  const formats = useFormats();
  const trial = numberIn(place, "trial");
  return (
    <>
      <StudyView
        study={report.study}
        columns={report.trials}
        curves={report.curves}
        attempts={report.attempts}
        failures={report.failures}
        trial={trial === null ? null : <TrialFacts columns={report.trials} number={trial} />}
      />
      <Decisions comparisons={report.comparisons} />
      <footer>
        <small>{texts.report.made(formats.time(report.made_at), report.version)}</small>
      </footer>
    </>
  );
}
