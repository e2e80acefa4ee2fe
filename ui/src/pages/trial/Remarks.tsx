// What the program itself said besides metrics: notes, links, and times of its parts.
import type { Attempt } from "../../api/types";
import { useTexts } from "../../texts";
import { safeLink } from "./safe_link";
import { PhaseBar } from "./PhaseBar";

export function Remarks({ attempt }: { attempt: Attempt }) {
  const t = useTexts().trial;
  const { notes, links, spans } = attempt.remarks;
  return (
    <>
      {notes.length === 0 ? null : <ul>{notes.map((note, index) => <li key={index}>{note}</li>)}</ul>}
      {links.length === 0 ? null : (
        <p className="hpo-row">
          {links.map((link, index) => {
            const href = safeLink(link.url);
            return href === null ? <span key={index}>{link.text} {link.url}</span> : <a key={index} href={href} target="_blank" rel="noreferrer noopener">{link.text || href}</a>;
          })}
        </p>
      )}
      <PhaseBar title={t.spans} seconds={spans} />
    </>
  );
}
