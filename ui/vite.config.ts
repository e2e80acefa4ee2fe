// The bundle that Airflow's UI loads: one entry without a hash (it is served under a folder of its version), and the charts as a
// chunk of their own. React and the router are Airflow's, so that hooks and links work inside its page.
import { defineConfig } from "vite";

const host = (file: string): string => decodeURIComponent(new URL(`src/host/globals/${file}`, import.meta.url).pathname);

export default defineConfig({
  logLevel: "warn",
  define: { "process.env.NODE_ENV": '"production"' },
  resolve: {
    alias: [
      { find: /^react$/, replacement: host("react.ts") },
      { find: /^react-dom$/, replacement: host("react_dom.ts") },
      { find: /^react\/jsx-runtime$/, replacement: host("jsx_runtime.ts") },
      { find: /^react-router-dom$/, replacement: host("router.ts") },
    ],
  },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    lib: { entry: "src/main.tsx", formats: ["es"], fileName: () => "main.js" },
    rolldownOptions: { output: { chunkFileNames: "[name].js", minify: true, codeSplitting: { groups: [{ name: "shared", test: /src.(parts|texts|host|api|frame|filter)/ }] } } },
  },
});
