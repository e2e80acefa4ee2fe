// The place in a report: after the `#` of a file's address, because a browser lets files change nothing else of it.
import { useMemo, useSyncExternalStore, type ReactNode } from "react";
import { PlaceContext, searchOf, type Place } from "./place";

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}

export function HashPlace({ children }: { children: ReactNode }) {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  const place = useMemo<Place>(() => {
    const current = new URLSearchParams(hash.replace(/^#\??/, ""));
    const href: Place["href"] = (changes, stay = false) => searchOf(current, changes, stay).replace(/^\??/, "#");
    return {
      get: (name) => current.get(name),
      href,
      go: (changes, stay = false, replace = false) => {
        if (replace) window.location.replace(href(changes, stay));
        else window.location.hash = href(changes, stay);
      },
    };
  }, [hash]);
  return <PlaceContext.Provider value={place}>{children}</PlaceContext.Provider>;
}
