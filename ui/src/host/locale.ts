// Airflow's language (on <html>) and time zone (kept in the browser), for texts, dates and numbers.
import { useSyncExternalStore } from "react";

export interface Locale {
  language: string;
  timeZone: string;
}

function language(): string {
  return document.documentElement.lang || "en";
}

/** The zone that a person chose in Airflow; one that this browser does not know is UTC. */
export function timeZone(stored: string | null): string {
  const zone = (stored ?? "").replace(/^"|"$/g, "");
  if (zone === "") return "UTC";
  if (zone === "local") return Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
}

function storedZone(): string | null {
  try {
    return window.localStorage.getItem("timezone");
  } catch {
    return null; // browsers refuse it for files and in private windows
  }
}

// One object for one state, as useSyncExternalStore asks.
let kept: Locale = { language: "", timeZone: "" };

function current(): Locale {
  const now = { language: language(), timeZone: timeZone(storedZone()) };
  if (now.language !== kept.language || now.timeZone !== kept.timeZone) kept = now;
  return kept;
}

function watch(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });
  window.addEventListener("storage", changed);
  return () => {
    observer.disconnect();
    window.removeEventListener("storage", changed);
  };
}

/** The language and the time zone as Airflow has them now. */
export function useLocale(): Locale {
  return useSyncExternalStore(watch, current);
}
