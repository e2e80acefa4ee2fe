// What of a budget was spent before, what this comparison took, and what is left.
import { useTexts } from "../../texts";
import { useAmounts } from "./amount";

interface MeterProps {
  label: string;
  whole: number;
  /** Everything that was spent, this comparison's own part included. */
  spent: number;
  own: number;
}

export function Meter({ label, whole, spent, own }: MeterProps) {
  const t = useTexts().decision;
  const { effect } = useAmounts("relative");
  const plain = (share: number): string => effect(share).replace(/^\+/, "");
  const width = (share: number): string => `${Math.max(0, Math.min(100, (share / whole) * 100))}%`;
  return (
    <div className="hpo-meter">
      <p>
        {label}: {t.spent(plain(own), plain(whole - spent), plain(whole))}
      </p>
      <svg width="100%" height={10} aria-hidden="true">
        <rect width="100%" height={10} className="hpo-meter-left" />
        <rect width={width(spent)} height={10} className="hpo-meter-before" />
        <rect x={width(spent - own)} width={width(own)} height={10} className="hpo-meter-own" />
      </svg>
    </div>
  );
}
