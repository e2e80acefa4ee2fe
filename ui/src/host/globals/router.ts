// Airflow's router, so that links to its own pages need no page load.
import type * as Library from "react-router-dom";

const ReactRouterDOM = (globalThis as unknown as { ReactRouterDOM: typeof Library }).ReactRouterDOM;

export const { Link, useLocation, useNavigate } = ReactRouterDOM;
