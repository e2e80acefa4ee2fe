// A form for one act on a study: it asks once more before it is sent, and says what came of it.
import { useId, useState, type FormEvent, type ReactNode } from "react";
import type { Steered } from "../../api/deciding";
import { refreshAll } from "../../api/resource";
import { useAct } from "../../parts/act";
import { Confirm } from "../../parts/Confirm";
import { Outcome } from "../../parts/Outcome";

interface ActFormProps {
  study: number;
  title: string;
  button: string;
  /** What the act means, asked before it is sent; null while the form cannot be sent. */
  question: string | null;
  doing: () => Promise<Steered>;
  /** After it went well. */
  done?: () => void;
  children?: ReactNode;
}

export function ActForm({ study, title, button, question, doing, done, children }: ActFormProps) {
  const act = useAct();
  const heading = useId();
  const [asked, setAsked] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    act.forget();
    setAsked(true);
  };
  const send = async (): Promise<string> => {
    const { sentence } = await doing();
    await refreshAll(`/studies/${study}`);
    done?.();
    return sentence;
  };
  // The dialog has a form of its own, which must not stand inside this one.
  return (
    <section className="hpo-panel" aria-labelledby={heading}>
      <h2 id={heading}>{title}</h2>
      <form onSubmit={submit}>
        {children}
        <button type="submit" disabled={question === null}>
          {button}
        </button>
      </form>
      <Outcome said={asked ? null : act.said} />
      {asked && question !== null ? (
        <Confirm title={title} button={button} act={act} doing={send} close={() => setAsked(false)}>
          <p>{question}</p>
        </Confirm>
      ) : null}
    </section>
  );
}
