// What was read, kept by the module: Airflow mounts the page again and again, and each time it must be there at once.
import { useEffect, useSyncExternalStore } from "react";
import { ApiError } from "./client";

export interface Snapshot<T> {
  data: T | undefined;
  error: ApiError | null;
  /** When the data was last known to be current, in milliseconds since 1970. */
  checked: number;
}

/** Reads what is new; given what is there, it may answer with the same object when nothing changed. */
export type Loader<T> = (previous: T | undefined) => Promise<T>;

const INTERVAL = 5000; // milliseconds between two looks at what still runs
const FRESH = 1000; // younger than this is not read again by another part of the same page
const KEPT = 30; // resources; older ones are read again

class Resource<T> {
  snapshot: Snapshot<T> = { data: undefined, error: null, checked: 0 };
  live = 0;
  private loading: Promise<void> | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly loader: Loader<T>) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get used(): boolean {
    return this.listeners.size > 0;
  }

  /** One request at a time: who asks while it runs waits for the same. */
  refresh(): Promise<void> {
    this.loading ??= this.load().finally(() => {
      this.loading = null;
    });
    return this.loading;
  }

  private async load(): Promise<void> {
    const { data } = this.snapshot;
    try {
      this.show({ data: await this.loader(data), error: null, checked: Date.now() });
    } catch (error) {
      const known = error instanceof ApiError ? error : new ApiError(0, String(error));
      this.show({ data, error: known, checked: this.snapshot.checked });
    }
  }

  private show(next: Snapshot<T>): void {
    this.snapshot = next;
    for (const listener of [...this.listeners]) listener();
  }
}

const resources = new Map<string, Resource<unknown>>();

function resource<T>(key: string, loader: Loader<T>): Resource<T> {
  const known = resources.get(key) as Resource<T> | undefined;
  if (known !== undefined) return known;
  const made = new Resource(loader);
  resources.set(key, made as Resource<unknown>);
  for (const [old, one] of resources) {
    if (resources.size <= KEPT) break;
    if (!one.used && old !== key) resources.delete(old);
  }
  return made;
}

function lookAgain(): void {
  if (document.visibilityState !== "visible") return;
  for (const one of resources.values()) if (one.live > 0 && one.used) void one.refresh();
}

let ticking: ReturnType<typeof setInterval> | null = null;

function startTicking(): void {
  if (ticking !== null) return;
  ticking = setInterval(lookAgain, INTERVAL);
  document.addEventListener("visibilitychange", lookAgain);
}

/** Whether to read again, by itself or by what was read; what could not be read is always tried again. */
export type Live<T> = boolean | ((data: T) => boolean);

function isLive<T>({ data }: Snapshot<T>, live: Live<T>): boolean {
  return typeof live === "boolean" ? live : data === undefined || live(data);
}

/** Read a resource, and again every five seconds while it is `live` and the page is visible. The key names what is read. */
export function useLoaded<T>(key: string, loader: Loader<T>, live: Live<T> = false): Snapshot<T> & { refresh: () => Promise<void> } {
  const one = resource(key, loader);
  const snapshot = useSyncExternalStore(one.subscribe, () => one.snapshot);
  const again = isLive(snapshot, live);
  useEffect(() => {
    if (Date.now() - one.snapshot.checked > FRESH) void one.refresh();
  }, [one]);
  useEffect(() => {
    if (!again) return undefined;
    one.live += 1;
    startTicking();
    return () => {
      one.live -= 1;
    };
  }, [one, again]);
  return { ...snapshot, refresh: () => one.refresh() };
}

/** Read again what a change has made old: all resources with this beginning. */
export async function refreshAll(beginning: string): Promise<void> {
  const known = [...resources].filter(([key]) => key.startsWith(beginning));
  for (const [key, one] of known) if (!one.used) resources.delete(key);
  await Promise.all(known.filter(([, one]) => one.used).map(([, one]) => one.refresh()));
}
