// Small pieces that several pages share.
import type { ReactNode } from "react";
import type { Counts, Params, StudyState, TrialState } from "../api/types";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";

const ORDER = ["complete", "pruned", "failed", "running", "waiting"] as const;

/** A state by its name, with a colour and a shape that are the same everywhere. */
export function StateMark({ state }: { state: TrialState | StudyState }) {
  return <span className={`hpo-state hpo-${state}`}>{useTexts().state[state]}</span>;
}

/** How many trials are in which state: a bar and the same in words. */
export function CountsBar({ counts, wanted }: { counts: Counts; wanted: number }) {
  const texts = useTexts();
  const formats = useFormats();
  const all = ORDER.reduce((sum, state) => sum + counts[state], 0);
  const whole = Math.max(all, wanted, 1);
  const there = ORDER.filter((state) => counts[state] > 0);
  return (
    <div>
      <div className="hpo-bar" aria-hidden="true">
        {there.map((state) => (
          <span key={state} className={`hpo-${state}`} style={{ width: `${(100 * counts[state]) / whole}%` }} />
        ))}
      </div>
      <div className="hpo-counts">
        <span>{texts.list.counted(formats.count(counts.complete), formats.count(wanted))}</span>
        {there
          .filter((state) => state !== "complete")
          .map((state) => (
            <span key={state} className={`hpo-state hpo-${state}`}>
              {texts.state[state]} {formats.count(counts[state])}
            </span>
          ))}
      </div>
    </div>
  );
}

/** Parameters as `name value`, side by side. */
export function ParamList({ params }: { params: Params }) {
  const formats = useFormats();
  return (
    <span className="hpo-params">
      {Object.entries(params).map(([name, value]) => (
        <span key={name}>
          <b>{name}</b> {formats.any(value)}
        </span>
      ))}
    </span>
  );
}

/** Facts as a list of names and values; what is null is left away. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="hpo-facts">
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A part of a page with its heading, which screen readers can jump to. */
export function Panel({ title, children, aside }: { title: string; children: ReactNode; aside?: ReactNode }) {
  return (
    <section className="hpo-panel" aria-label={title}>
      <div className="hpo-row" style={{ justifyContent: "space-between" }}>
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
