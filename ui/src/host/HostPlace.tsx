// The place inside Airflow: its router's location. Links in it need no page load.
import { useMemo, type ReactNode } from "react";
import { Link, useLocation, useNavigate } from "react-router-dom";
import { LinkContext, type LinkMaker } from "./links";
import { PlaceContext, searchOf, type Place } from "./place";

const routerLink: LinkMaker = ({ to, className, label, current, children }) => (
  <Link to={to} className={className} aria-label={label} aria-current={current === true ? "page" : undefined}>
    {children}
  </Link>
);

export function HostPlace({ children }: { children: ReactNode }) {
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const place = useMemo<Place>(() => {
    const current = new URLSearchParams(search);
    const href: Place["href"] = (changes, stay = false) => pathname + searchOf(current, changes, stay);
    return {
      get: (name) => current.get(name),
      href,
      go: (changes, stay = false, replace = false) => void navigate(href(changes, stay), { replace }),
    };
  }, [pathname, search, navigate]);
  return (
    <LinkContext.Provider value={routerLink}>
      <PlaceContext.Provider value={place}>{children}</PlaceContext.Provider>
    </LinkContext.Provider>
  );
}
