import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Place } from "../../../../operations/base/place";
import { explainConnection } from "../../../../operations/cluster/nodes/connection-cause";
import { checkIdentity } from "../../../../operations/cluster/nodes/identity";
import { noExtensionRemedy } from "../../../../operations/cluster/nodes/no-extension";
import { type Remedy, render } from "../../../../operations/base/remedy";

const ROOT = join(__dirname, "../../../..");

const HOME: Place = { environment: "production", database: "postgres" };
const OTHER: Place = { environment: "production", database: "app 2", homeDatabase: "postgres" };
const BY_ADDRESS: Place = { database: "postgres" };

const said = (remedy: Remedy) => render(remedy, "person");

const credentials = (place: Place) =>
  said(
    explainConnection('FATAL: password authentication failed for user "postgres"', "a", "b:5432", place)
      .remedy,
  );
const withoutExtension = (place: Place) => said(noExtensionRemedy(place));

/** Given to a person, a command line names the cluster that it is about. */
describe("commands in remedies", () => {
  it("have no word that stands for the environment's name", () => {
    const files = ["operations", "constructs", "stacks", "quickstart"].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .map((file) => join(folder, file)),
    );
    const naming = files.filter((file) => /\bENVIRONMENT\b/.test(readFileSync(join(ROOT, file), "utf8")));
    expect(files.length).toBeGreaterThan(300);
    expect(naming).toEqual([]);
  });

  it("name the environment, and the database where it is another", () => {
    expect(credentials(HOME)).toContain("`npx pg-dist credentials production`");
    expect(credentials(OTHER)).toContain("`npx pg-dist credentials production --database 'app 2'`");
    expect(withoutExtension(HOME)).toContain("`npx pg-dist recover production`");
    // It mends the environment's own database only.
    expect(withoutExtension(OTHER)).not.toContain("recover");
  });

  it("are SQL for a cluster of which only the address is known", () => {
    expect(credentials(BY_ADDRESS)).toContain("INSERT INTO pg_dist_authinfo");
    expect(`${credentials(BY_ADDRESS)} ${withoutExtension(BY_ADDRESS)}`).not.toMatch(/undefined|npx/);
  });

  it.each([
    [HOME, /forget production server-b\/worker1`$/],
    [OTHER, /forget production --database 'app 2' server-b\/worker1`$/],
    [BY_ADDRESS, /correct the address$/],
  ])("give up a lost node in %j", (place, expected) => {
    const [finding] = checkIdentity(
      {
        node: { id: "server-b/worker1", endpoint: { host: "b", port: 5432 } },
        facts: { groupid: 0, server_id: "new", cluster_name: "", table_count: 0 },
        recorded: { server_id: "old", nodeid: 2 },
      },
      { groupid: 1, nodeid: 2 },
      { cluster: "citus", place },
    );
    expect(said(finding?.remedy ?? "")).toMatch(expected);
  });
});
