// A curve as a small picture with its numbers beside it.
import type { Curve } from "../../api/types";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";
import { curveShape, HEIGHT, WIDTH } from "./curve";

export function CurveView({ curve }: { curve: Curve }) {
  const t = useTexts().trial;
  const formats = useFormats();
  const shape = curveShape(curve);
  return (
    <figure className="hpo-curve">
      <figcaption>{curve.name}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
        {shape.lines.map((line) => (
          <polyline key={line} points={line} />
        ))}
      </svg>
      <small>
        {t.curve(formats.count(curve.values.length), formats.value(shape.first), formats.value(shape.last), formats.value(shape.lowest), formats.value(shape.highest))}
        {shape.odd > 0 ? `; ${t.odd(formats.count(shape.odd))}` : ""}
      </small>
    </figure>
  );
}
