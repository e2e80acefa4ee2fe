// Airflow's dark mode: the class `dark` on <html>, which a person may change at any time.
import { useSyncExternalStore } from "react";

function isDark(): boolean {
  const root = document.documentElement;
  return root.classList.contains("dark") || root.dataset["theme"] === "dark";
}

function watch(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["class", "data-theme"] });
  return () => observer.disconnect();
}

/** Whether Airflow shows itself dark now. */
export function useDark(): boolean {
  return useSyncExternalStore(watch, isDark);
}
