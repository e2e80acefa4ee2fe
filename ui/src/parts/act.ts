// An act of a person: one at a time, and a sentence that says what came of it.
import { useRef, useState } from "react";

export interface Said {
  wrong: boolean;
  sentence: string;
}

export interface Act {
  busy: boolean;
  said: Said | null;
  /** Do it; the sentence of what happened, or of the error, is kept. Whether it went well. */
  run: (doing: () => Promise<string>) => Promise<boolean>;
  forget: () => void;
}

/** What a person does on a page, with its outcome. */
export function useAct(): Act {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<Said | null>(null);
  const running = useRef(false); // a second click comes before the state is drawn
  const run: Act["run"] = async (doing) => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setSaid(null);
    try {
      setSaid({ wrong: false, sentence: await doing() });
      return true;
    } catch (error) {
      setSaid({ wrong: true, sentence: error instanceof Error ? error.message : String(error) });
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, said, run, forget: () => setSaid(null) };
}
