// Six editions of a study, of which the optimum moved, and two promotions.
import type { Drift } from "../src/api/types";

const MONTH = 2592000000;
const LAST = Date.UTC(2026, 8, 21);
const BEST = [0.871, 0.874, 0.869, 0.882, 0.887, 0.891];

export function driftOf(): Drift {
  const at = (ago: number): string => new Date(LAST - ago * MONTH).toISOString();
  return {
    editions: BEST.map((best_value, index) => ({
      id: index === 5 ? 1 : index + 4, name: `churn@${index}`, started_at: at(5 - index), best_value, end: "max_trials",
      best_params: { lr: 0.002 * (1 + index), depth: 4 + (index % 3), optimizer: index > 2 ? "adam" : "sgd", ...(index > 2 ? {} : { momentum: 0.8 + index / 20 }) },
    })),
    promotions: [{ at: at(3.9), version: 2 }, { at: at(1.9), version: 3 }],
  };
}
