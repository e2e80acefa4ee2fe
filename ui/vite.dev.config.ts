// The pages with made-up data and a React of their own, to look at while you write: `npm run dev`.
import { defineConfig } from "vite";

export default defineConfig({
  root: "dev",
  base: "./",
  publicDir: "../public",
  build: { rolldownOptions: { input: ["dev/index.html", "dev/speed.html"] }, outDir: "../dist-dev", emptyOutDir: true, target: "es2022", reportCompressedSize: false, chunkSizeWarningLimit: 1500 },
});
