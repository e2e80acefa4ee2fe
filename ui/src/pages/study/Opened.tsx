// The trial that was opened: brought into sight and given the focus, because it stands above what was clicked.
import { useEffect, useRef, type ReactNode } from "react";

export function Opened({ children }: { children: ReactNode }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    element.current?.scrollIntoView({ block: "start" });
    element.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div ref={element} tabIndex={-1} className="hpo-opened">
      {children}
    </div>
  );
}
