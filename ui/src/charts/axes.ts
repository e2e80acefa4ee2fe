// Axes, grids and tooltips that all charts share.
import type { Axis } from "../frame/frame";
import type { Colours } from "../host/colours";

const MISSING = "–";

/** An ECharts axis for a property: logarithmic as declared, categories by name, numbers in the person's language. */
export function axisOption(axis: Axis, colours: Colours, format: (value: number) => string): Record<string, unknown> {
  const look = {
    name: axis.label,
    nameTextStyle: { color: colours.muted },
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.muted, hideOverlap: true },
    splitLine: { lineStyle: { color: colours.line, opacity: 0.6 } },
  };
  if (axis.categories !== null) return { ...look, type: "category", data: axis.categories };
  return { ...look, type: axis.log ? "log" : "value", scale: true, axisLabel: { ...look.axisLabel, formatter: format } };
}

/** The categories of an axis on which trials without a value stand too, and the place of these. */
export function withMissing(axis: Axis): { categories: string[]; missing: number } | null {
  if (axis.categories === null || !axis.data.some(Number.isNaN)) return null;
  return { categories: [...axis.categories, MISSING], missing: axis.categories.length };
}

/** Labels that can be read where lines cross them. */
export function halo(colours: Colours): Record<string, unknown> {
  return { color: colours.text, textBorderColor: colours.surface, textBorderWidth: 3 };
}

export function grid(over: Record<string, unknown> = {}): Record<string, unknown> {
  return { left: 56, right: 16, top: 28, bottom: 40, ...over };
}

export function tooltip(colours: Colours, formatter: (event: { seriesId: string; dataIndex: number }) => string): Record<string, unknown> {
  return {
    trigger: "item",
    confine: true,
    backgroundColor: colours.surface,
    borderColor: colours.line,
    textStyle: { color: colours.text, fontSize: 12 },
    formatter,
  };
}

/** A text as HTML shows it: names come from people, and a tooltip is HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

// From here on points are drawn at once and not one by one.
export const LARGE = { large: true, largeThreshold: 300, progressive: 20000, progressiveThreshold: 20000 };
