// Airflow's JSX runtime, which the compiled pages call.
import type * as Library from "react/jsx-runtime";

const ReactJSXRuntime = (globalThis as unknown as { ReactJSXRuntime: typeof Library }).ReactJSXRuntime;

export const { Fragment, jsx, jsxs } = ReactJSXRuntime;
