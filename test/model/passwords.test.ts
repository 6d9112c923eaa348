import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Environment } from "../../model/environment";
import { findConflicts, findProblems } from "../../model/validation/validation";
import { clusterOf, minimal, server } from "./samples";

const password = randomBytes(12).toString("hex");

function reported(...environments: Environment[]): string {
  return JSON.stringify([...environments.flatMap(findProblems), ...findConflicts(environments)]);
}

function connectedTo(connection: string): Environment {
  return clusterOf({ b: 1 }, { hosts: { a: server(1), b: server(2, { connection }) } });
}

describe("no password of a URL is shown", () => {
  it.each([
    ["ssh", connectedTo(`ssh://root:${password}@10.0.0.2`)],
    ["an unknown scheme", connectedTo(`http://root:${password}@10.0.0.2`)],
    ["a text that isn't a URL", connectedTo(`root:${password}@10.0.0.2 `)],
    ["a URL that can't be parsed", connectedTo(`ssh://root:${password}@10.0.0.2:port`)],
    ["an ssh connection without its host", connectedTo(`ssh://root:${password}`)],
    ["a password with a blank and a slash", connectedTo(`ssh://root:x /${password}@10.0.0.2`)],
    ["a scheme in upper case", connectedTo(`SSH://root:${password}@10.0.0.2`)],
    ["no socket", connectedTo(`unix://root:${password}@host`)],
    ["a password with an @", connectedTo(`unix://root:x@${password}@host`)],
    ["a password with a blank and a quote", connectedTo(`unix://root:"x ${password}@host`)],
    [
      "one Docker host twice",
      clusterOf(
        { b: 1 },
        {
          hosts: {
            a: server(1, { connection: `ssh://root:${password}@x` }),
            b: server(2, { connection: `ssh://root:${password}@x` }),
          },
        },
      ),
    ],
    [
      "an image",
      { ...minimal, image: `https://me:${password}@registry.example.com/citus:13.0.3`, postgresMajor: 17 },
    ],
    [
      "an address",
      clusterOf({ b: 1 }, { hosts: { a: server(1), b: server(2, { address: `tcp://u:${password}@b` }) } }),
    ],
    [
      "a backend",
      { ...minimal, backend: { type: "pg", config: { conn_str: `postgres://tf:${password}@db/s` } } },
    ],
    ["a state's path", { ...minimal, backend: { type: "local", path: `/x://u:${password}@db` } }],
  ] satisfies [string, Environment][])("%s", (_, environment) => {
    const text = reported(environment);
    expect(text).toContain("problem");
    expect(text).not.toContain(password);
  });

  it("of a state that two environments share", () => {
    const kept = { type: "pg", config: { conn_str: `host=db password=${password}` } } as const;
    const text = reported({ ...minimal, backend: kept }, { ...clusterOf({ b: 1 }), backend: kept });
    expect(text).toContain("keeps its state");
    expect(text).not.toContain(password);
  });

  it("of a Docker host that two environments share", () => {
    const shared = { ...minimal, hosts: { here: { connection: `ssh://root:${password}@10.0.0.2` } } };
    const text = reported(shared, { ...shared, name: "other" });
    expect(text).toContain("is used twice on Docker host ssh://root:***@10.0.0.2");
    expect(text).not.toContain(password);
  });
});
