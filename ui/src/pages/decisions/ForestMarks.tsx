// What is drawn in a row of the forest plot. Places are percentages, so that it fits any width without being stretched.
import { percentAt, type Forest } from "./forest";

const HEIGHT = 20;
const MIDDLE = HEIGHT / 2;

interface AxisProps {
  plot: Forest;
  shown: (value: number) => string;
  worse: string;
  better: string;
}

/** The scale above the rows. Hidden from screen readers: each row has its number. */
export function Axis({ plot, shown, worse, better }: AxisProps) {
  const zero = `${percentAt(0, plot.domain)}%`;
  return (
    <svg width="100%" height={34} aria-hidden="true" className="hpo-axis">
      <text x={zero} dx={-6} y={11} textAnchor="end">{worse}</text>
      <text x={zero} dx={6} y={11}>{better}</text>
      {plot.ticks.map((tick) => (
        <text key={tick} x={`${percentAt(tick, plot.domain)}%`} y={29} textAnchor="middle">
          {shown(tick)}
        </text>
      ))}
    </svg>
  );
}

interface MarkProps {
  plot: Forest;
  /** The least improvement that counts. */
  least: number | null;
  value: number | null;
  interval: readonly [number, number] | null;
  sum?: boolean;
}

/** One difference with where it reaches; a diamond for all together. */
export function Mark({ plot, least, value, interval, sum = false }: MarkProps) {
  const at = (number: number): string => `${percentAt(number, plot.domain)}%`;
  const side = value === null || value === 0 ? "even" : value > 0 ? "better" : "worse";
  return (
    <svg width="100%" height={HEIGHT} aria-hidden="true" className={`hpo-mark hpo-${side}`}>
      {plot.ticks.map((tick) => (
        <line key={tick} className={tick === 0 ? "hpo-zero" : "hpo-grid"} x1={at(tick)} x2={at(tick)} y1={0} y2={HEIGHT} />
      ))}
      {least ? <line className="hpo-least" x1={at(least)} x2={at(least)} y1={0} y2={HEIGHT} /> : null}
      {interval === null ? null : <line className="hpo-interval" x1={at(interval[0])} x2={at(interval[1])} y1={MIDDLE} y2={MIDDLE} />}
      {value === null ? null : sum ? <Diamond x={at(value)} /> : <circle cx={at(value)} cy={MIDDLE} r={4} />}
    </svg>
  );
}

function Diamond({ x }: { x: string }) {
  return (
    <svg x={x} y={0} overflow="visible">
      <polygon points={`-7,${MIDDLE} 0,${MIDDLE - 7} 7,${MIDDLE} 0,${MIDDLE + 7}`} />
    </svg>
  );
}
