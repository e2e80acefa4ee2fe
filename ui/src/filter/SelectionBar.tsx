// The selection above charts and table: the filter, what was drawn, and how many trials it leaves.
import { useId } from "react";
import { axisOf, type Frame } from "../frame/frame";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";
import { names, UnknownName } from "./rows";
import type { Range, Selected, Selecting } from "./selection";

interface Props {
  frame: Frame;
  selecting: Selecting;
  selected: Selected;
}

export function SelectionBar({ frame, selecting, selected }: Props) {
  const texts = useTexts();
  const formats = useFormats();
  const help = useId();
  const wrong = selected.error;
  return (
    <div className="hpo-selection" role="search">
      <div className="hpo-row">
        <label>
          {texts.chart.filter}
          <input
            type="search"
            size={42}
            spellCheck={false}
            value={selecting.filter}
            placeholder={hint(frame)}
            aria-describedby={help}
            aria-invalid={wrong !== null}
            onChange={(event) => selecting.setFilter(event.target.value)}
          />
        </label>
        {Object.entries(selecting.ranges).map(([axis, ranges]) => (
          <button key={axis} type="button" onClick={() => selecting.setRanges(axis, [])}>
            <RangeText frame={frame} axis={axis} ranges={ranges} /> ✕<span className="hpo-hidden">{texts.chart.remove}</span>
          </button>
        ))}
        <span role="status">{texts.chart.selected(formats.count(selected.count), formats.count(frame.length))}</span>
        {selected.active ? (
          <button type="button" onClick={selecting.clear}>
            {texts.chart.clear}
          </button>
        ) : null}
      </div>
      <small id={help}>
        {wrong === null ? null : <span className="hpo-cause">{wrong instanceof UnknownName ? texts.chart.unknownName(wrong.unknown) : texts.chart.wrongFilter(wrong.at + 1)} </span>}
        {selecting.filter !== "" || wrong !== null ? texts.chart.names(names(frame).join(", ")) : null}
      </small>
    </div>
  );
}

/** A filter that works in this study. */
function hint(frame: Frame): string {
  const axis = frame.parameters.map((name) => frame.axes.get(axisOf(name))!).find(({ categories }) => categories === null);
  const value = axis?.data.find((one) => !Number.isNaN(one));
  return value === undefined ? "state == complete" : `${axis!.label} < ${Number(value.toPrecision(2))} and state == complete`;
}

function RangeText({ frame, axis, ranges }: { frame: Frame; axis: string; ranges: readonly Range[] }) {
  const formats = useFormats();
  const known = frame.axes.get(axis);
  const one = ([low, high]: Range): string =>
    known?.categories == null
      ? `${formats.value(low)} … ${formats.value(high)}`
      : known.categories.filter((_, place) => place >= low && place <= high).join(", ");
  return (
    <>
      {known?.label ?? axis}: {ranges.map(one).join("; ")}
    </>
  );
}
