// A chart in Airflow's colours: drawn again when its option, the theme or its width changes.
import { useEffect, useLayoutEffect, useRef } from "react";
import { chartColours, type Colours } from "../host/colours";
import { useDark } from "../host/theme";
import { core, type ECharts, type Option } from "./echarts";

export type { Colours } from "../host/colours";
export type { Option } from "./echarts";

export interface ChartProps {
  /** What it shows, in a sentence for those who do not see it. */
  label: string;
  height: number;
  option: (colours: Colours) => Option;
  /** What follows the option, such as brush areas that are drawn already; it may return what ends it. */
  then?: (chart: ECharts) => void | (() => void);
  /** The index of a series (by its id) and of its item that was clicked. */
  onPick?: (series: string, item: number) => void;
}

// Motion costs a redraw of everything sixty times a second, and tells nothing here.
const STILL = { animation: false, aria: { enabled: true } };

function themed(colours: Colours): Option {
  return {
    ...STILL,
    textStyle: { color: colours.text, fontFamily: "inherit" },
    backgroundColor: "transparent",
  };
}

export default function Chart({ label, height, option, then, onPick }: ChartProps) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  const dark = useDark();

  useLayoutEffect(() => {
    const made = core.init(element.current!, null, { renderer: "canvas" });
    chart.current = made;
    made.on("click", (event) => pick.current?.(String(event.seriesId), event.dataIndex));
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(element.current!);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);

  useEffect(() => {
    const made = chart.current!;
    const colours = chartColours(element.current!, dark);
    made.setOption({ ...themed(colours), ...option(colours), aria: { enabled: true, label: { description: label } } }, { notMerge: true });
    return then?.(made);
  }, [option, then, dark, label]);

  return <div ref={element} role="img" aria-label={label} style={{ height, width: "100%", minWidth: 0 }} />;
}
