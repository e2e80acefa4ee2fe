// How an attempt's time is divided: a bar, and the same in words.
import { useFormats } from "../../texts/formats";
import { phasesOf } from "./phases";

const COLOURS = ["var(--hpo-waiting)", "var(--hpo-pruned)", "var(--hpo-series)", "var(--hpo-best)", "var(--hpo-marked)", "var(--hpo-faint)"];

interface PhaseBarProps {
  title: string;
  seconds: { readonly [phase: string]: number };
  /** What the phases are called; those without a name are called as they are stored. */
  names?: { readonly [phase: string]: string };
}

export function PhaseBar({ title, seconds, names = {} }: PhaseBarProps) {
  const formats = useFormats();
  const phases = phasesOf(seconds);
  if (phases.length === 0) return null;
  const colour = (index: number): string => COLOURS[index % COLOURS.length] ?? "currentColor";
  return (
    <div>
      <small>{title}</small>
      <div className="hpo-bar" aria-hidden="true">
        {phases.map((phase, index) => (
          <span key={phase.name} style={{ width: `${phase.share * 100}%`, background: colour(index) }} />
        ))}
      </div>
      <div className="hpo-counts">
        {phases.map((phase, index) => (
          <span key={phase.name} className="hpo-key">
            <i style={{ background: colour(index) }} aria-hidden="true" />
            {names[phase.name] ?? phase.name} {formats.duration(phase.seconds)}
          </span>
        ))}
      </div>
    </div>
  );
}
