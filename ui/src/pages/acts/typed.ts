// Values of parameters that a person typed, checked against the space before the server does.
import type { Json, Parameter, Params } from "../../api/types";

export type Typed = { kind: "left_out" } | { kind: "value"; value: Json } | { kind: "wrong"; why: Wrong };
export type Wrong = "number" | "whole" | "below" | "above" | "step";

/** What a text means for a parameter; an empty one leaves it to the sampler. */
export function typed(parameter: Parameter, text: string): Typed {
  if (text.trim() === "") return { kind: "left_out" };
  const choices = choicesOf(parameter);
  if (choices) {
    const value = choices[Number(text)];
    return value === undefined ? { kind: "wrong", why: "number" } : { kind: "value", value };
  }
  return number(parameter, Number(text.trim()));
}

/** The values that a parameter may have one of; null for one with a range. */
export function choicesOf(parameter: Parameter): Json[] | null {
  return parameter.kind === "bool" ? [true, false] : parameter.choices;
}

/** The point that was typed, or null while a value is wrong or all are left out. */
export function pointOf(parameters: readonly Parameter[], texts: Record<string, string>): Params | null {
  const point: Params = {};
  for (const parameter of parameters) {
    const found = typed(parameter, texts[parameter.name] ?? "");
    if (found.kind === "wrong") return null;
    if (found.kind === "value") point[parameter.name] = found.value;
  }
  return Object.keys(point).length ? point : null;
}

/** The texts of a form for a point that is known; a value that the space does not have is left out. */
export function textsOf(parameters: readonly Parameter[], point: Params): Record<string, string> {
  const known = parameters.filter((parameter) => Object.hasOwn(point, parameter.name));
  return Object.fromEntries(known.map((parameter) => [parameter.name, textOf(parameter, point[parameter.name] ?? null)]));
}

function textOf(parameter: Parameter, value: Json): string {
  const choices = choicesOf(parameter);
  if (choices === null) return typeof value === "number" ? String(value) : "";
  const index = choices.indexOf(value);
  return index < 0 ? "" : String(index);
}

function number(parameter: Parameter, value: number): Typed {
  const wrong = (why: Wrong): Typed => ({ kind: "wrong", why });
  if (!Number.isFinite(value)) return wrong("number");
  if (parameter.kind === "int" && !Number.isInteger(value)) return wrong("whole");
  if (parameter.low !== null && value < parameter.low) return wrong("below");
  if (parameter.high !== null && value > parameter.high) return wrong("above");
  return onStep(parameter, value) ? { kind: "value", value } : wrong("step");
}

function onStep({ low, step }: Parameter, value: number): boolean {
  if (!step || low === null) return true;
  const steps = (value - low) / step;
  return Math.abs(steps - Math.round(steps)) < 1e-8;
}
