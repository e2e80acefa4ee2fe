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

/** A CSS colour as `rgb(r, g, b)`: the browser itself paints it on one pixel. */
function painted(colour: string, context: CanvasRenderingContext2D): string {
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

function variable(element: Element, name: string, fallback: string): string {
  return getComputedStyle(element).getPropertyValue(name).trim() || fallback;
}

/** What charts draw with, resolved where the chart stands. */
export function chartColours(element: Element, dark: boolean): Colours {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const resolve = (name: string, light: string, night: string): string => {
    const colour = variable(element, name, dark ? night : light);
    return context === null ? colour : painted(colour, context);
  };
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
