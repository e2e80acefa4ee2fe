// Tests of what needs no browser, in one process: starting more costs longer than the tests.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node", pool: "threads", isolate: false, fileParallelism: false },
});
