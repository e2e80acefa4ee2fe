// How an attempt's time is divided, as shares of a bar.
export interface Phase {
  name: string;
  seconds: number;
  share: number;
}

/** Phases that took time, in the order they were told. */
export function phasesOf(seconds: { readonly [phase: string]: number }): Phase[] {
  const found = Object.entries(seconds).filter(([, each]) => each > 0);
  const whole = found.reduce((sum, [, each]) => sum + each, 0);
  return found.map(([name, each]) => ({ name, seconds: each, share: each / whole }));
}
