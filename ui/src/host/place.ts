// Where a person is: search parameters, because Airflow mounts the page again at every change of the path.
import { createContext, useContext } from "react";

/** The parts of a place. A new page adds its parameter here. */
export const PLACES = ["page", "study", "tab", "trial", "comparison", "set", "q", "state", "family", "from", "to"] as const;
export type PlaceName = (typeof PLACES)[number];
export type Changes = { readonly [name in PlaceName]?: string | number | null };

export interface Place {
  get(name: PlaceName): string | null;
  /** The address of another place: what is not named is left away, except after `stay`. */
  href(changes: Changes, stay?: boolean): string;
  /** `replace` for what "back" should skip, such as each letter of a search. */
  go(changes: Changes, stay?: boolean, replace?: boolean): void;
}

/** The search of an address after changes, with names in one order so that equal places have equal addresses. */
export function searchOf(current: URLSearchParams, changes: Changes, stay: boolean): string {
  const next = new URLSearchParams();
  for (const name of PLACES) {
    const value = name in changes ? (changes[name] ?? null) : stay ? current.get(name) : null;
    if (value !== null && value !== "") next.set(name, String(value));
  }
  const text = next.toString();
  return text === "" ? "" : `?${text}`;
}

export const PlaceContext = createContext<Place | null>(null);

/** The place of this page. */
export function usePlace(): Place {
  const place = useContext(PlaceContext);
  if (place === null) throw new Error("A page must stand in a place.");
  return place;
}

/** A whole number from the place, or null. */
export function numberIn(place: Place, name: PlaceName): number | null {
  const text = place.get(name);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
