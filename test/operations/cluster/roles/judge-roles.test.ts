import { describe, expect, it } from "vitest";
import { explainRoles, explainUntried } from "../../../../operations/cluster/roles/explain-role";
import type { ClusterRoles } from "../../../../operations/cluster/roles/ask-roles";
import { type NodeRoles, judgeRole } from "../../../../operations/cluster/roles/judge-roles";
import type { RoleState } from "../../../../operations/cluster/roles/probe";
import type { Role } from "../../../../operations/cluster/roles/read-roles";
import { told } from "../../../fixtures/told";

const NODES = ["server-a/coordinator", "server-b/worker1", "server-c/worker1"];
const PLACE = { environment: "production", database: "postgres" };

/** Of a role whose connections work, each node trying the next one; the changes are by node's group. */
function answers(
  changes: Record<number, Partial<RoleState> & { ok?: boolean | null; said?: string }> = {},
): NodeRoles[] {
  return NODES.map((label, groupid) => {
    const { ok = true, said, ...state } = changes[groupid] ?? {};
    const reached = [{ groupid: (groupid + 1) % NODES.length, ok, ...(said === undefined ? {} : { said }) }];
    const usual = { exists: true, login: true, password: true, expired: false, barred: false, connect: true };
    return { label, groupid, states: [{ role: "app", ...usual, stored: true, reached, ...state }] };
  });
}

const REFUSED = 'password authentication failed for user "app"';

const owner: Role = {
  name: "app",
  login: true,
  owns: 4,
  tables: ["public.a", "public.b", "public.c"],
  closed: [],
};
const reader: Role = { name: "app", login: true, owns: 0, tables: [], closed: [] };

const explain = (role: Role, nodes: NodeRoles[]) => told(explainRoles({ roles: [role], nodes }, PLACE));

describe("why a role can't connect between nodes", () => {
  it("finds nothing where every connection works, or none was tried", () => {
    expect(judgeRole("app", answers())).toEqual([]);
    expect(judgeRole("app", answers({ 1: { ok: null } }))).toEqual([]);
    expect(judgeRole("other", answers())).toEqual([]);
  });

  it.each([
    ["unstored", { 1: { ok: false, stored: false } }, ["server-b/worker1"]],
    ["mismatch", { 1: { ok: false, said: REFUSED } }, ["server-b/worker1"]],
    ["untold", { 1: { ok: false } }, ["server-b/worker1"]],
    [
      "other",
      { 1: { ok: false, said: "canceling statement due to statement timeout" } },
      ["server-b/worker1"],
    ],
    ["limited", { 1: { ok: false, said: 'too many connections for role "app"' } }, ["server-c/worker1"]],
    ["full", { 1: { ok: false, said: "sorry, too many clients already" } }, ["server-c/worker1"]],
    [
      "hba",
      { 1: { ok: false, said: 'no pg_hba.conf entry for host "a", user "app"' } },
      ["server-c/worker1"],
    ],
    ["nologin", { 1: { ok: false }, 2: { login: false } }, ["server-c/worker1"]],
    ["expired", { 1: { ok: false }, 2: { expired: true } }, ["server-c/worker1"]],
    ["barred", { 1: { ok: false }, 2: { barred: true } }, ["server-c/worker1"]],
    ["connect", { 1: { ok: false }, 2: { connect: false } }, ["server-c/worker1"]],
    ["missing", { 2: { exists: false } }, ["server-c/worker1"]],
  ])("says %s of the node where it is", (cause, changes, nodes) => {
    expect(judgeRole("app", answers(changes))).toMatchObject([{ role: "app", cause, nodes }]);
  });

  it("says all at once that a server would say one after the other", () => {
    const causes = (changes: Parameters<typeof answers>[0]) =>
      judgeRole("app", answers(changes)).map(({ cause }) => cause);
    const unstored = { ok: false, stored: false, said: "fe_sendauth: no password supplied" };
    expect(causes({ 1: unstored, 2: { connect: false, expired: true } })).toEqual([
      "expired",
      "connect",
      "unstored",
    ]);
    // Of an expired password it says the same as of a wrong one.
    expect(causes({ 1: { ok: false, said: REFUSED }, 2: { expired: true } })).toEqual(["expired"]);
    expect(
      causes({ 1: { ok: false, said: 'too many connections for role "app"' }, 2: { barred: true } }),
    ).toEqual(["barred"]);
    const [connections, schemas] = explain({ ...owner, closed: ["public"] }, answers({ 1: unstored }));
    expect(connections?.remedy).toContain("npx pg-dist credentials production app");
    expect(schemas?.remedy).toContain("GRANT CREATE, USAGE ON SCHEMA public TO app");
  });

  it("gathers the nodes of one cause", () => {
    const lacking = { ok: false, stored: false };
    expect(judgeRole("app", answers({ 0: lacking, 1: lacking, 2: lacking }))).toMatchObject([
      { cause: "unstored", nodes: NODES },
    ]);
  });

  it("says what fails for whom: queries of a reader, moves of an owner that nobody logs in as, both of an owner", () => {
    const lacking = answers({ 0: { ok: false, stored: false } });
    const [ofReader] = explain(reader, lacking);
    expect(ofReader).toMatchObject({ owner: false, queries: true });
    expect(ofReader?.what).not.toContain("moved");
    expect(explain(owner, lacking)[0]?.what).toMatch(
      /^role app, which owns 4 distributed tables \(public\.a, public\.b, public\.c, \.\.\.\), .*its queries on distributed tables fail, and shards of its tables can't be moved/,
    );
    const [group] = explain({ ...owner, login: false }, answers({ 0: { ok: false }, 1: { login: false } }));
    expect(group).toMatchObject({ owner: true, queries: false });
    expect(group?.what).toMatch(/may not log in.*: shards of its tables can't be moved/);
    expect(group?.remedy).toContain("npx pg-dist credentials production --generate app");
  });

  it("doesn't say that tables can't be moved where only workers lack the password", () => {
    expect(explain(owner, answers({ 1: { ok: false, stored: false } }))[0]?.what).not.toContain("moved");
  });

  it.each([
    [{ 0: { ok: false, stored: false } }, "`npx pg-dist credentials production app` stores it on every node"],
    [{ 0: { ok: false }, 1: { expired: true } }, "ALTER ROLE app VALID UNTIL 'infinity' on the coordinator"],
    [{ 0: { ok: false }, 1: { barred: true } }, "ALTER ROLE app CONNECTION LIMIT -1 on the coordinator"],
    [
      { 0: { ok: false }, 1: { connect: false } },
      "GRANT CONNECT ON DATABASE postgres TO app on the coordinator",
    ],
  ])("names what helps", (changes, remedy) => {
    expect(explain(owner, answers(changes))[0]?.remedy).toBe(remedy);
  });

  it("says where an owner may not make the shards of a move", () => {
    const [found] = explain({ ...owner, closed: ["public"] }, answers());
    expect(found).toMatchObject({ owner: true, queries: false });
    expect(found?.remedy).toBe("GRANT CREATE, USAGE ON SCHEMA public TO app on the coordinator");
  });

  it("says which roles were not tried in time, and nothing where nodes don't answer at all", () => {
    const roles = [reader];
    const untried = (asked: Omit<ClusterRoles, "roles">) => explainUntried({ roles, ...asked }, PLACE);
    const unstored = { 1: { ok: null, stored: false } };
    expect(untried({ nodes: answers(unstored) })?.what).toContain("1 of 1 roles (app)");
    expect(untried({ nodes: [], partial: true, unheard: true })?.what).toContain("1 of 1 roles");
    expect(untried({ nodes: [] })).toBeUndefined();
    expect(untried({ nodes: answers() })).toBeUndefined();
  });

  it("says nothing of a role that was not tried in time, and whose password every node has stored, or that is faulty anyway", () => {
    expect(explainUntried({ roles: [reader], nodes: answers({ 1: { ok: null } }) }, PLACE)).toBeUndefined();
    expect(explainUntried({ roles: [reader], nodes: answers(), partial: true }, PLACE)).toBeUndefined();
    const faulty = answers({ 0: { ok: false, stored: false }, 1: { ok: null } });
    expect(explainUntried({ roles: [reader], nodes: faulty }, PLACE)).toBeUndefined();
  });
});
