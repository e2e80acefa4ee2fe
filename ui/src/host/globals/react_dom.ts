// Airflow's ReactDOM.
import type * as Library from "react-dom";

const ReactDOM = (globalThis as unknown as { ReactDOM: typeof Library }).ReactDOM;

export default ReactDOM;
export const { createPortal, flushSync } = ReactDOM;
