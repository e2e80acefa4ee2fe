// The entry: Airflow imports this module once and takes each app by its name from globalThis.
import { App } from "./pages/App";

const apps = globalThis as unknown as { hpo: typeof App; hpo_run: typeof App };

// The same pages: the tab of a run gets `dagId` and `runId`, which the navigation does not have.
apps.hpo = App;
apps.hpo_run = App;
