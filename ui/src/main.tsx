// The entry: Airflow imports this module once and takes each app by the name that it shows to people from globalThis.
import { App } from "./pages/App";

const apps = globalThis as unknown as { Studies: typeof App; Study: typeof App };

// The same pages: "Study", the tab of a run, gets `dagId` and `runId`, which the navigation does not have.
apps.Studies = App;
apps.Study = App;
