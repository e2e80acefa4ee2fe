// Which parameters matter: bars with their shares in words.
import type { Study } from "../api/types";
import { Panel } from "../parts/bits";
import { useFormats } from "../texts/formats";
import { useTexts } from "../texts";

export function Importance({ study }: { study: Study }) {
  const texts = useTexts().chart;
  const formats = useFormats();
  const shares = study.importance ?? [];
  const most = Math.max(...shares.map(({ share }) => share), 1e-9);
  return (
    <Panel title={texts.importance}>
      {shares.length === 0 ? (
        <p className="hpo-muted">{texts.noImportance}</p>
      ) : (
        <table className="hpo-bars">
          <caption>{texts.importanceHelp}</caption>
          <tbody>
            {[...shares]
              .sort((one, two) => two.share - one.share)
              .map(({ name, share }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td className="hpo-number">{formats.percent(share)}</td>
                  <td aria-hidden="true">
                    <div style={{ width: `${(100 * share) / most}%` }} />
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
      {study.importance_at === null ? null : <small>{texts.asOf(formats.time(study.importance_at))}</small>}
    </Panel>
  );
}
