// The entry of a report: a classic script that shows the data which the file has put into window.HPO_REPORT.
import { createRoot } from "react-dom/client";
import { HashPlace } from "./host/HashPlace";
import { ErrorBoundary } from "./parts/ErrorBoundary";
import { ReportPage, type ReportData } from "./pages/report/ReportPage";
import { addStyles } from "./styles/styles";

const { HPO_REPORT: report } = window as unknown as { HPO_REPORT: ReportData };
const night = window.matchMedia("(prefers-color-scheme: dark)");

function follow(): void {
  document.documentElement.classList.toggle("dark", night.matches);
}

follow();
night.addEventListener("change", follow);
document.documentElement.lang ||= navigator.language;
document.title ||= report.study.name;
addStyles();
createRoot(document.getElementById("hpo-report")!).render(
  <ErrorBoundary>
    <HashPlace>
      <main className="hpo">
        <ReportPage report={report} />
      </main>
    </HashPlace>
  </ErrorBoundary>,
);
