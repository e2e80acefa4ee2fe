// A question before an act. The browser's own dialog keeps the focus inside, closes with Escape and gives the focus back.
import { useLayoutEffect, useId, useRef, type FormEvent, type ReactNode } from "react";
import type { Act } from "./act";
import { Outcome } from "./Outcome";
import { useTexts } from "../texts";

interface ConfirmProps {
  title: string;
  button: string;
  act: Act;
  doing: () => Promise<string>;
  close: () => void;
  children: ReactNode;
}

export function Confirm({ title, button, act, doing, close, children }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const t = useTexts();
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void act.run(doing).then((well) => {
      if (well) close();
    });
  };
  return (
    <dialog ref={dialog} className="hpo-dialog" aria-labelledby={heading} onClose={close}>
      <form onSubmit={submit}>
        <h2 id={heading}>{title}</h2>
        {children}
        {act.said?.wrong ? <Outcome said={act.said} /> : null}
        <p className="hpo-buttons">
          <button type="submit" className="hpo-primary" disabled={act.busy}>
            {button}
          </button>
          <button type="button" onClick={close}>
            {t.common.cancel}
          </button>
        </p>
      </form>
    </dialog>
  );
}
