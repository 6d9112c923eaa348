import { expect, it } from "vitest";
import { tenantsScreen } from "../../../../operations/commands/tenants/command";
import { plain, show, someAnswers } from "../some-nodes";

const asked = someAnswers({}, {}, {});

const TENANTS = ["acme", "a tenant with a long name"].map((tenant, index) => ({
  ...{ tenant, colocation: 1, node: "server-b/worker1" },
  ...{ queries: 120 - index, reads: 100, cpu: 1.234, lastQueries: 90, lastReads: 80, lastCpu: 0.5 },
}));

it.each([Infinity, 80])("tenants, in %d columns", (width) => {
  const shown = { tenants: TENANTS, off: ["server-c/worker1"], asked };
  expect(show(tenantsScreen(shown, plain, width))).toMatchSnapshot();
});

it("tenants where none is counted, and where none did anything", () => {
  const off = asked.map(({ label }) => label);
  expect(show(tenantsScreen({ tenants: [], off, asked }, plain, 80))).toMatchSnapshot();
  expect(show(tenantsScreen({ tenants: [], off: [], asked }, plain, 80))).toMatchSnapshot();
});
