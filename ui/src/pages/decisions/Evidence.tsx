// What was compared: on which data, how much of it counts, and what is missing by whose fault.
import type { ReactNode } from "react";
import type { Comparison } from "../../api/deciding";
import { PlaceLink } from "../../host/links";
import { Facts } from "../../parts/bits";
import { PlainTable } from "../../parts/PlainTable";
import { useFormats } from "../../texts/formats";
import { useTexts } from "../../texts";

export function Evidence({ comparison }: { comparison: Comparison }) {
  const t = useTexts().decision;
  const formats = useFormats();
  const { effective, replicates, windows, missing, looks } = comparison;
  const names: { readonly [window: string]: string } = t.windowNames;
  const worth = effective === null ? "" : ` ${t.worth(formats.value(Math.round(effective * 10) / 10))}`;
  const repeated = replicates !== null && replicates > 1 ? `, ${t.replicates(formats.count(replicates))}` : "";
  const look = formats.count(comparison.look);
  const facts: [string, ReactNode][] = [
    ...windows.map((each): [string, ReactNode] => [names[each.name] ?? each.name, t.fromTo(formats.time(each.start), formats.time(each.end))]),
    [t.scenarios, `${formats.count(comparison.scenarios)}${worth}${repeated}`],
    [t.look, looks === null ? look : t.lookOf(look, formats.count(looks))],
    [t.nextLook, comparison.next_look === null ? null : t.mayFollow(formats.count(comparison.next_look))],
    [t.evaluations, comparison.evaluations.map((each) => <PlaceLink key={each.id} to={{ study: each.id }}>{each.name}</PlaceLink>)],
  ];
  return (
    <>
      <Facts facts={facts} />
      {missing.length === 0 ? null : (
        <PlainTable
          caption={t.missingCaption(formats.count(missing.length))}
          columns={[{ title: t.scenario }, { title: t.whose }, { title: t.why, text: true }]}
          rows={missing.map((each, index) => ({ key: `${each.scenario} ${index}`, cells: [each.scenario, each.who, each.reason] }))}
        />
      )}
    </>
  );
}
