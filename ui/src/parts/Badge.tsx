// A word that stands out. Its colour says nothing that the word does not.
import type { ReactNode } from "react";

export type BadgeKind = "good" | "bad" | "open" | "plain";

export function Badge({ kind, children }: { kind: BadgeKind; children: ReactNode }) {
  return <span className={`hpo-badge hpo-badge-${kind}`}>{children}</span>;
}
