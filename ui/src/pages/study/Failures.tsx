// Failures by cause: how many, whether they are allowed, what to do, and which trials.
import type { Failures as Answer } from "../../api/types";
import { PlaceLink } from "../../host/links";
import { Panel } from "../../parts/bits";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";

export function Failures({ failures }: Answer) {
  const texts = useTexts();
  const formats = useFormats();
  if (failures.length === 0) return null;
  return (
    <Panel title={texts.study.failures}>
      <div className="hpo-scroll" tabIndex={0} role="group" aria-label={texts.study.failures}>
        <table>
          <caption>{texts.study.failuresHelp}</caption>
          <thead>
            <tr>
              <th scope="col">{texts.study.kind}</th>
              <th scope="col" className="hpo-number">{texts.study.count}</th>
              <th scope="col">{texts.study.what}</th>
              <th scope="col">{texts.list.trials}</th>
            </tr>
          </thead>
          <tbody>
            {failures.map(({ kind, sentence, count, numbers, allowed }) => (
              <tr key={kind}>
                <th scope="row">
                  {kind}
                  <br />
                  <small>{allowed ? texts.study.allowed : texts.study.notAllowed}</small>
                </th>
                <td className="hpo-number">{formats.count(count)}</td>
                <td>{sentence}</td>
                <td>
                  {numbers.map((number) => (
                    <span key={number}>
                      <PlaceLink to={{ trial: number }} stay label={texts.common.number(number)}>
                        {number}
                      </PlaceLink>{" "}
                    </span>
                  ))}
                  {count > numbers.length ? "…" : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
