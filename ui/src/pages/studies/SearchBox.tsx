// What the list is narrowed to; it stands in the place, so that it can be sent to others and "back" works.
import { useEffect, useState } from "react";
import type { StudyState } from "../../api/types";
import { usePlace } from "../../host/place";
import { useTexts } from "../../texts";

const STATES: readonly StudyState[] = ["running", "drained", "ended", "left"];
const PAUSE = 300; // milliseconds after the last letter

export function SearchBox() {
  const place = usePlace();
  const texts = useTexts();
  const [text, setText] = useState(place.get("q") ?? "");
  useEffect(() => {
    if (text === (place.get("q") ?? "")) return undefined;
    const timer = setTimeout(() => place.go({ q: text }, true, true), PAUSE);
    return () => clearTimeout(timer);
  }, [text, place]);
  return (
    <div className="hpo-row" role="search">
      <label>
        {texts.common.search}
        <input type="search" size={34} value={text} placeholder={texts.list.searchHint} onChange={(event) => setText(event.target.value)} />
      </label>
      <label>
        {texts.list.state}
        <select value={place.get("state") ?? ""} onChange={(event) => place.go({ state: event.target.value }, true)}>
          <option value="">{texts.list.anyState}</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {texts.state[state]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
