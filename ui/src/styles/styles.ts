// Puts our styles into the document once; the server lets styles be inline, as Airflow's own are.
import base from "./base.css?inline";
import deciding from "./deciding.css?inline";
import parts from "./parts.css?inline";
import study from "./study.css?inline";
import table from "./table.css?inline";

const ID = "hpo-styles";

export function addStyles(): void {
  if (document.getElementById(ID) !== null) return;
  const element = document.createElement("style");
  element.id = ID;
  element.textContent = [base, table, parts, deciding, study].join("\n");
  document.head.append(element);
}
