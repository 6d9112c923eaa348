import { defineConfig } from "vitest/config";

/**
 * Three tiers by file name: `*.test.ts` needs nothing but Node and npm packages, `*.e2e.test.ts` a Docker engine (and
 * makes its own hosts), `*.full.test.ts` the same and long. `npm test` runs the first two, `npm run test:full` all.
 */
const unit = {
  name: "unit",
  include: ["test/**/*.test.ts"],
  exclude: ["test/**/*.e2e.test.ts", "test/**/*.full.test.ts"],
  globalSetup: ["test/bundle-program.mjs"],
  // One process for all files of a worker: a process each took longer than the tests in it. Whatever a test stubs is undone.
  isolate: false,
  unstubEnvs: true,
  restoreMocks: true,
  testTimeout: 60_000,
  // A folder with installed packages takes a while to remove on a busy disk.
  hookTimeout: 60_000,
};

const endToEnd = (name: string) => ({
  name,
  include: [`test/**/*.${name}.test.ts`],
  globalSetup: ["test/bundle-program.mjs", "test/show-parts.ts"],
  // Each makes hosts, names and folders of its own, and waits half of the time; more at once would be too slow on two cores.
  maxWorkers: 2,
  hookTimeout: 600_000,
  testTimeout: 600_000,
});

export default defineConfig({
  test: { projects: [{ test: unit }, { test: endToEnd("e2e") }, { test: endToEnd("full") }] },
});
