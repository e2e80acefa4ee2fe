// The parts of ECharts that we draw with; what is not named here is not in the bundle.
import { BarChart, CustomChart, LineChart, LinesChart, ParallelChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent, BrushComponent, DataZoomInsideComponent, GridComponent, LegendComponent, MarkLineComponent, ParallelComponent, TooltipComponent,
} from "echarts/components";
import * as core from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

core.use([
  BarChart, CustomChart, LineChart, LinesChart, ParallelChart, ScatterChart,
  AriaComponent, BrushComponent, DataZoomInsideComponent, GridComponent, LegendComponent, MarkLineComponent, ParallelComponent, TooltipComponent,
  CanvasRenderer,
]);

export { core };
export type { ECharts, EChartsCoreOption as Option } from "echarts/core";
