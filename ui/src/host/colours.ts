// Colours for canvases: Airflow's variables are `oklch(...)`, which chart libraries cannot mix or fade.

export interface Colours {
  text: string;
  muted: string;
  line: string;
  surface: string;
  series: string;
  best: string;
  bad: string;
  faint: string;
  marked: string;
}

const known = new Map<string, string>();

/** A CSS colour as `rgb(r, g, b)`: the browser itself paints it on one pixel. */
function painted(colour: string): string {
  const before = known.get(colour);
  if (before !== undefined) return before;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [1, 1];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return colour;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  const found = `rgb(${red}, ${green}, ${blue})`;
  known.set(colour, found);
  return found;
}

/** What charts draw with, resolved where the chart stands. */
export function chartColours(element: Element, dark: boolean): Colours {
  const style = getComputedStyle(element);
  const resolve = (name: string, light: string, night: string): string => painted(style.getPropertyValue(name).trim() || (dark ? night : light));
  return {
    text: resolve("--hpo-fg", "#18181b", "#fafafa"),
    muted: resolve("--hpo-muted", "#52525b", "#a1a1aa"),
    line: resolve("--hpo-border", "#e4e4e7", "#3f3f46"),
    surface: resolve("--hpo-bg", "#ffffff", "#111111"),
    series: resolve("--hpo-series", "#2563eb", "#60a5fa"),
    best: resolve("--hpo-best", "#047857", "#34d399"),
    bad: resolve("--hpo-bad", "#b91c1c", "#f87171"),
    faint: resolve("--hpo-faint", "#a1a1aa", "#71717a"),
    marked: resolve("--hpo-marked", "#c2410c", "#fb923c"),
  };
}
