// One attempt of a trial: how it ended and why, what it said, where it ran and for how long.
import type { Attempt } from "../../api/types";
import { AirflowLink, taskPath } from "../../host/links";
import { Facts } from "../../parts/bits";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { CurveView } from "./CurveView";
import { PhaseBar } from "./PhaseBar";
import { Remarks } from "./Remarks";

export function AttemptCard({ attempt }: { attempt: Attempt }) {
  const t = useTexts().trial;
  const formats = useFormats();
  const { started_at: started, finished_at: finished, kind, exit_code: code } = attempt;
  const took = ((finished === null ? Date.now() : Date.parse(finished)) - Date.parse(started)) / 1000;
  // A program that tells its result once has no curve.
  const curves = attempt.curves.filter((curve) => curve.values.length > 1);
  const single = attempt.curves.filter((curve) => curve.values.length === 1);
  return (
    <section className="hpo-panel hpo-attempt" aria-label={t.attempt(String(attempt.attempt))}>
      <h3>
        {t.attempt(String(attempt.attempt))}: {attempt.outcome}
        {kind === null ? "" : ` (${kind.replaceAll("_", " ")})`} <AirflowLink to={taskPath(attempt.task)}>{t.log}</AirflowLink>
      </h3>
      {attempt.reason === null ? null : <p className="hpo-cause">{attempt.reason}</p>}
      {attempt.waits_for === null ? null : <p>{t.waitsFor(attempt.waits_for)}</p>}
      {attempt.reason === null && attempt.verdict !== null ? <p>{t.wouldBe(attempt.verdict)}</p> : null}
      {attempt.problems.map((problem) => <p key={problem}>{t.oddity(problem)}</p>)}
      <Facts
        facts={[
          [t.time, t.span(formats.time(started), finished === null ? t.stillRuns : formats.time(finished), formats.duration(took))],
          [t.exitCode, code],
          [t.runAs, attempt.backend],
          ...Object.entries(attempt.place),
          ...single.map((curve) => [curve.name, formats.value(curve.values[0])] as const),
        ]}
      />
      <PhaseBar title={t.phases} names={t.phaseNames} seconds={attempt.seconds} />
      <Remarks attempt={attempt} />
      <div className="hpo-curves">{curves.map((curve) => <CurveView key={curve.name} curve={curve} />)}</div>
      <Text title={t.tail} text={attempt.log_tail} open={attempt.reason !== null} />
      <Text title={t.command} text={attempt.command} />
    </section>
  );
}

function Text({ title, text, open = false }: { title: string; text: string | null; open?: boolean }) {
  if (!text) return null;
  return (
    <details open={open}>
      <summary>{title}</summary>
      <pre tabIndex={0}>{text}</pre>
    </details>
  );
}
