// Parts of a page, each with an address of its own.
import { PlaceLink } from "../host/links";
import type { Changes } from "../host/place";

interface Props<Name extends string> {
  tabs: readonly { name: Name; title: string }[];
  current: Name;
  to: (name: Name) => Changes;
  label: string;
}

export function Tabs<Name extends string>({ tabs, current, to, label }: Props<Name>) {
  return (
    <nav className="hpo-pages" aria-label={label}>
      {tabs.map(({ name, title }) => (
        <PlaceLink key={name} to={to(name)} stay current={name === current}>
          {title}
        </PlaceLink>
      ))}
    </nav>
  );
}
