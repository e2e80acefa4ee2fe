// The script of a report: one file with React inside, which a browser runs from an HTML file without any server.
import { defineConfig } from "vite";

export default defineConfig({
  logLevel: "warn",
  define: { "process.env.NODE_ENV": '"production"' },
  publicDir: false,
  build: {
    outDir: "dist",
    emptyOutDir: false,
    target: "es2022",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    lib: { entry: "src/report.tsx", formats: ["iife"], name: "hpo_report", fileName: () => "report.js" },
    rolldownOptions: { output: { minify: true } },
  },
});
