// The pages with a React, a router and a server of their own. `#dark` and `#ja` after the address show dark mode and Japanese.
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router-dom";
import { App } from "../src/pages/App";
import { serve } from "./server";

serve();
const words = window.location.hash.slice(1).split(",");
document.documentElement.classList.toggle("dark", words.includes("dark"));
document.documentElement.lang = words.find((word) => ["ja", "ko"].includes(word)) ?? "en";
createRoot(document.getElementById("root")!).render(
  <BrowserRouter>
    <App />
  </BrowserRouter>,
);
