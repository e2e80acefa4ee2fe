// Who was asked whether the challenger may be promoted, what was answered, and the answer itself where one is due.
import { useState } from "react";
import { airflow } from "../../api/client";
import type { Asked, Comparison } from "../../api/deciding";
import { refreshAll } from "../../api/resource";
import { AirflowLink, taskPath } from "../../host/links";
import { useAct, type Act } from "../../parts/act";
import { Confirm } from "../../parts/Confirm";
import { Outcome } from "../../parts/Outcome";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { answerBody, APPROVE, fieldsOf, hitlPath, REJECT, type HitlDetail } from "./hitl";
import { useQuestion } from "./useQuestion";

export function Answer({ comparison }: { comparison: Comparison }) {
  const t = useTexts().answer;
  const { answer } = comparison;
  const question = useQuestion(answer, comparison.may.answer);
  const act = useAct();
  if (answer === null) return <p>{t.notAsked}</p>;
  const open = answer.choice === null && question.data !== undefined && !question.data.response_received;
  return (
    <>
      <p>
        <Given answer={answer} sent={question.data ?? null} />{" "}
        <AirflowLink to={taskPath(answer.task)}>{t.task}</AirflowLink>
      </p>
      {open && question.data ? <Buttons act={act} answer={answer} question={question.data} comparison={comparison} /> : null}
      <Outcome said={act.said} />
      {answer.choice === null && !comparison.may.answer ? <p>{t.mayNot}</p> : null}
      {question.error ? <p role="alert">{t.notOpen} {question.error.message}</p> : null}
    </>
  );
}

function Given({ answer, sent }: { answer: Asked; sent: HitlDetail | null }) {
  const t = useTexts().answer;
  const formats = useFormats();
  if (answer.choice !== null) {
    const when = formats.time(answer.answered_at);
    if (answer.by === null) return <>{t.silent(answer.choice === APPROVE ? t.approve : t.refuse)} {when}</>;
    return <>{answer.choice === APPROVE ? t.approved(answer.by, when) : t.refused(answer.by, when)}</>;
  }
  if (sent?.response_received) return <>{t.underWay(sent.responded_by_user?.name ?? "")}</>;
  return <>{answer.until ? t.waitsUntil(formats.time(answer.asked_at), formats.time(answer.until)) : t.waits(formats.time(answer.asked_at))}</>;
}

interface ButtonsProps {
  act: Act;
  answer: Asked;
  question: HitlDetail;
  comparison: Comparison;
}

function Buttons({ act, answer, question, comparison }: ButtonsProps) {
  const t = useTexts().answer;
  const [chosen, setChosen] = useState<string | null>(null);
  const [filled, setFilled] = useState<Record<string, string>>({});
  const send = async (): Promise<string> => {
    await airflow("PATCH", hitlPath(answer.task), answerBody(question, chosen ?? REJECT, filled));
    await Promise.all([refreshAll("question "), refreshAll("/comparisons")]);
    return chosen === APPROVE ? t.sentApproval : t.sentRefusal;
  };
  const asked = question.assigned_users.map((user) => user.name).join(", ");
  return (
    <>
      {asked === "" ? null : <p>{t.assigned(asked)}</p>}
      <p className="hpo-buttons">
        {question.options.map((option) => (
          <button key={option} type="button" className={option === APPROVE ? "hpo-primary" : ""} onClick={() => setChosen(option)}>
            {nameOf(option, t)}
          </button>
        ))}
      </p>
      {chosen === null ? null : (
        <Confirm title={nameOf(chosen, t)} button={nameOf(chosen, t)} act={act} doing={send} close={() => setChosen(null)}>
          <p>{chosen === APPROVE ? t.sureApprove(comparison.parameter_set ?? comparison.family) : t.sureRefuse}</p>
          <p>{comparison.sentence}</p>
          {fieldsOf(question).map((field) => (
            <label key={field.name} className="hpo-field">
              {field.title}
              <textarea rows={2} value={filled[field.name] ?? field.value} onChange={(event) => setFilled({ ...filled, [field.name]: event.target.value })} />
            </label>
          ))}
        </Confirm>
      )}
    </>
  );
}

function nameOf(option: string, t: { approve: string; refuse: string }): string {
  return option === APPROVE ? t.approve : option === REJECT ? t.refuse : option;
}
