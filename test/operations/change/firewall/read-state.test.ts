import { describe, expect, it } from "vitest";
import { readState } from "../../../../operations/change/firewall/read-state";
import { rulesetOf } from "../../../../operations/change/firewall/ruleset";
import { faultsOf } from "../../../../operations/commands/firewall/check";
import { render } from "../../../../operations/base/remedy";

const SERVER = {
  host: "server-a",
  cluster: "citus",
  published: [{ ip: "10.0.0.1", ports: [5432] }],
  subnets: ["10.213.7.0/24"],
  sources: ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
};

/** As nft writes a table. */
const listing = (elements: string, judge = "") => `table inet pgdist-citus {
	set allowed4 {
		type ipv4_addr
		flags interval
		elements = { ${elements} }
	}

	chain judge {
${judge}		ip saddr @allowed4 accept
		counter drop
	}
}
`;

const WANTED = listing("10.0.0.1, 10.0.0.2,\n\t\t\t     10.0.0.3");
const RULES = rulesetOf(SERVER);

const stateOf = ({ table = WANTED, file = RULES, start = "enabled" }) =>
  readState(`@table\n${table}@wanted\n${WANTED}@file\n${file}@start\n${start}\n`, SERVER);

const faults = (state: NonNullable<ReturnType<typeof readState>>) =>
  faultsOf(state, { environment: "production", name: "citus" }).map(
    ({ what, remedy }) => `${what} -> ${render(remedy, "person")}`,
  );

describe("what a server has", () => {
  it("is right where nft writes both alike, and the file is loaded at the start", () => {
    const state = stateOf({});
    expect(state).toEqual({ rules: "right", surplus: [], missing: [], atStart: "right" });
    expect(state && faults(state)).toEqual([]);
  });

  it.each([
    [
      "nothing",
      { table: "", file: "", start: "disabled" },
      /^no rules are in force: .* -> `npx pg-dist firewall production apply`$/,
    ],
    [
      "an address less, and another one",
      { table: listing("10.0.0.1, 10.0.0.2,\n\t\t\t     10.0.0.9") },
      /^other rules are in force \(not in force: 10\.0\.0\.3 \| not declared: 10\.0\.0\.9\) -> /,
    ],
    [
      "a rule more",
      { table: listing("10.0.0.1, 10.0.0.2,\n\t\t\t     10.0.0.3", "\t\tip saddr 192.0.2.9 accept\n") },
      /^other rules are in force \(not declared: ip saddr 192\.0\.2\.9 accept\)/,
    ],
    [
      "the same in another order",
      { table: WANTED.replace(/(\t\tip saddr.*\n)(\t\tcounter.*\n)/, "$2$1") },
      /^other rules are in force -> /,
    ],
    ["no unit that is enabled", { start: "disabled" }, /^the rules end with the next start of the server/],
    ["no file", { file: "" }, /^the rules end with the next start of the server/],
    [
      "an older file",
      { file: RULES.replace("10.0.0.3", "10.0.0.4") },
      /^other rules are loaded at the start of the server \(\/etc\/pg-dist\/firewall-citus\.nft\)/,
    ],
  ])("with %s is said, with the command that mends it", (_what, given, fault) => {
    const state = stateOf(given);
    expect(state && faults(state)).toEqual([expect.stringMatching(fault) as string]);
  });

  it("without systemd is for somebody else to load", () => {
    const state = stateOf({ start: "none" });
    expect(state).toMatchObject({ rules: "right", atStart: "unmanaged" });
    expect(state && faults(state)).toEqual([]);
  });

  it("isn't known without nft", () => {
    expect(readState("@no-nft\n", SERVER)).toBeUndefined();
  });
});
