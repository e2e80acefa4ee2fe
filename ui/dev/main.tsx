// The pages with a React, a router and a server of their own. Words after the address, such as `#dark,ja,run,database=away`, show dark
// mode, a language, the tab of a run and a database that is away.
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router-dom";
import { App } from "../src/pages/App";
import { serve } from "./server";

serve();
const words = window.location.hash.slice(1).split(",");
document.documentElement.classList.toggle("dark", words.includes("dark"));
document.documentElement.lang = words.find((word) => ["ja", "ko"].includes(word)) ?? "en";
const run = words.includes("run") ? { dagId: "tune", runId: "monday" } : {};
createRoot(document.getElementById("root")!).render(
  <BrowserRouter>
    <App {...run} />
  </BrowserRouter>,
);
