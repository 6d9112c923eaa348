import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import type { Cluster } from "../../../model/cluster";
import { type ChangeFlags, type Changing, addChangeTarget, changeCluster } from "../../cli/change-command";
import { databaseOption } from "../../cli/database-option";
import { confirm } from "../../cli/confirm";
import { createPaint, printJson, printLines, terminalWidth } from "../../cli/output";
import { orJsonFailure } from "../../cli/read-command";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { takeLock } from "../../cluster/nodes/lock";
import { isOtherDatabase } from "../../base/command-line";
import { readRecord } from "../../cluster/nodes/recorded";
import { checkCoordinator } from "../../cluster/nodes/check-coordinator";
import { coordinatorFacts } from "../../cluster/nodes/node-facts";
import { COORDINATOR_GROUP, readRegistered } from "../../cluster/nodes/registered";
import { readView } from "../../cluster/nodes/read-view";
import { quoteLiteral } from "../../cluster/connection/quote-literal";
import { runOnNodes } from "../../cluster/nodes/run-on-nodes";
import { probeRoles } from "../../cluster/roles/ask-roles";
import type { NamedNode } from "../../cluster/roles/probe";
import { credentialsLine, explainSchemas } from "../../cluster/roles/explain-role";
import { heldByCoordinator } from "../../cluster/roles/held-roles";
import { readRoles } from "../../cluster/roles/read-roles";
import { quoteName } from "../../base/shown-words";
import { storedRoles } from "../../cluster/roles/spread-credentials";
import { withStatementTimeout } from "../../cluster/connection/statement-timeout";
import { isRegistered } from "../../cluster/nodes/view";
import { checkJson, checkScreen, judgeChecked } from "./check";
import { storeOwnOnCoordinator, storeOwnOnWorkers } from "../../change/credentials/own-password";
import { ROLE_PASSWORD } from "../../base/caller/credentials";
import { rolePassword } from "./find-role-password";
import { knownAtHome, membersHere, storeKnown } from "../../change/credentials/in-other-database";
import { storeElsewhere } from "../../change/credentials/store-elsewhere";
import {
  type NewPassword,
  type StoreOptions,
  requireRole,
  storeRole,
  timeForAll,
  verifyRoles,
} from "../../change/credentials/store-role";
import { advise, helpOf } from "../../base/remedy";

const HELP = `
Citus runs a role's query on the other nodes as that role, and makes a shard that is moved as the owner of its table.
For that, every node needs the role's password in its table pg_dist_authinfo. This stores it there: on the
coordinator once a connection has proven it, then on every other node, and tries all connections. A worker that
joins later gets what the coordinator has. Each database with Citus stores its own: a role that another one has
stored is stored anew there too, the superuser in all of them.

Without a role it is the superuser's own password, as TF_VAR_postgres_password has it: run this after ALTER ROLE
has changed it. A worker that has another one gets the coordinator's by its own Docker host.

The password comes from ${ROLE_PASSWORD} (one role), from TF_VAR_role_passwords (JSON: {"app": "..."}), or is
asked. --generate is for an owner that nobody logs in as: it may log in from then on, with a password that nobody knows.

Exit codes: 3 with --check where a connection fails.

Examples:
  npx pg-dist credentials production app
  npx pg-dist credentials production --check             every role that uses distributed tables
  npx pg-dist credentials production owner --generate
  npx pg-dist credentials production                     after a change of the superuser's password
  npx pg-dist credentials production app --remove        for a role that is gone
  npx pg-dist credentials production --database app2     another database: the superuser and stored roles`;

interface Flags extends ChangeFlags {
  readonly check?: true;
  readonly generate?: true;
  readonly setPassword?: true;
  readonly remove?: true;
  readonly json?: true;
}

/** `pg-dist credentials ENV [ROLE...]`. */
export function addCredentials(program: Command, caller: Caller): void {
  addChangeTarget(program.command("credentials"))
    .addOption(databaseOption())
    .argument("[roles...]", "roles whose passwords are stored; none: the superuser's own")
    .description(
      "Store the passwords that nodes connect to each other with, for the superuser or other roles.",
    )
    .option("--check", "only try every connection as the roles, and say which fail")
    .option("--generate", "give a role that nobody logs in as a random password, and LOGIN")
    .option("--set-password", "make the given password the role's, too")
    .option("--remove", "delete what is stored of the roles")
    .option("--yes", "of --remove: without asking")
    .option("--json", "of --check: as JSON, version 1")
    .addHelpText("after", HELP)
    .action(async (environment: string, roles: string[], flags: Flags) => {
      const paint = createPaint(program.opts<{ color: boolean }>().color, caller);
      const json = flags.json === true;
      process.exitCode = await orJsonFailure("credentials", json, caller, async () => {
        refuseFlags(roles, flags);
        return changeCluster(
          environment,
          flags,
          caller,
          "credentials",
          async (target) => {
            if (flags.check === true) return check(target, roles, json, paint);
            await begin(target);
            if (flags.remove === true) return remove(target, roles, flags);
            return roles.length === 0 ? storeOwn(target) : store(target, roles, flags);
          },
          flags.check !== true,
        );
      });
    });
}

/** An option that would be ignored is a mistake. */
function refuseFlags(roles: readonly string[], flags: Flags): void {
  const modes = (["check", "generate", "setPassword", "remove"] as const).filter((mode) => flags[mode]);
  const names = {
    check: "--check",
    generate: "--generate",
    setPassword: "--set-password",
    remove: "--remove",
  };
  const wrong =
    (modes.length > 1 && `${modes.map((mode) => names[mode]).join(" and ")} exclude each other`) ||
    (roles.length === 0 &&
      modes.length === 1 &&
      modes[0] !== "check" &&
      `${names[modes[0] ?? "check"]} needs a role`) ||
    (flags.json === true && flags.check !== true && "--json is for --check") ||
    (flags.yes === true && flags.remove !== true && "--yes is for --remove");
  if (!wrong) return;
  throw new Failure(wrong, advise`see ${helpOf("credentials")}`, { exitCode: EXIT.usage });
}

/** Nothing else changes the nodes meanwhile, and this is the cluster that is meant. */
async function begin({ session, cluster, progress, caller }: Changing): Promise<void> {
  await withStatementTimeout(session, 0, () => takeLock(session, progress, caller.env));
  await checkCoordinator(session, cluster, "change");
}

async function storeOwn(target: Changing): Promise<ExitCode> {
  const { session, progress, caller } = target;
  const password = caller.credentials.requireSuperuser().value;
  const cluster = await membersHere(session, target.cluster);
  const record = await readRecord(session);
  const facts = await coordinatorFacts(session);
  const changed = await storeOwnOnCoordinator(session, cluster, facts, password, progress);
  const workers = await storeOwnOnWorkers(session, cluster, { password, record, caller, progress });
  if (!changed && workers.length === 0) progress(`every node has the password of ${cluster.user} already`);
  const options = await storeOptions(target);
  const known = await storeKnown(session, cluster, options);
  await verifyRoles(session, [cluster.user, ...known], options);
  if (!isOtherDatabase(cluster)) await storeElsewhere(session, cluster, { roles: [cluster.user], progress });
  return EXIT.ok;
}

async function store(target: Changing, roles: readonly string[], flags: Flags): Promise<ExitCode> {
  const { session, cluster, caller, progress } = target;
  refuseOwn(roles, cluster);
  const options = await storeOptions(target);
  // All questions first, and nothing for a role that isn't there.
  for (const role of roles) await requireRole(session, role);
  const known =
    flags.setPassword === true ? new Map<string, string>() : await knownAtHome(session, cluster, roles);
  const wanted: [string, NewPassword][] = [];
  for (const role of roles) {
    const authinfo = known.get(role);
    if (
      authinfo !== undefined &&
      (flags.generate === true || caller.credentials.ofRole(role, roles.length === 1) === undefined)
    )
      wanted.push([role, { kind: "known", authinfo }]);
    else if (flags.generate === true) wanted.push([role, { kind: "generated" }]);
    else {
      const kind = flags.setPassword === true ? "set" : "given";
      wanted.push([
        role,
        { kind, password: await rolePassword(role, roles.length === 1, caller.credentials) },
      ]);
    }
  }
  for (const [role, password] of wanted) await storeRole(session, role, password, options);
  await storeElsewhere(session, cluster, { roles, progress });
  // What else a drain would be refused for is told now.
  for (const role of (await readRoles(session)).filter(({ name }) => roles.includes(name)))
    for (const { what, remedy } of explainSchemas(role)) progress(advise`${what}: ${remedy}`);
  await verifyRoles(session, roles, options);
  return EXIT.ok;
}

function refuseOwn(roles: readonly string[], cluster: Cluster): void {
  if (!roles.includes(cluster.user)) return;
  throw new Failure(
    `${quoteName(cluster.user)} is the cluster's superuser, whose password is TF_VAR_postgres_password`,
    advise`${credentialsLine(cluster)}, without a role, stores it`,
    { exitCode: EXIT.usage },
  );
}

async function remove(
  { session, cluster, label, progress }: Changing,
  roles: readonly string[],
  { yes }: Flags,
): Promise<ExitCode> {
  refuseOwn(roles, cluster);
  const there = Object.keys(await heldByCoordinator(session, roles)).map(quoteName);
  const names = roles.map(quoteName).join(", ");
  await confirm(
    `Delete from every node of ${label} what is stored of ${names}?` +
      (there.length === 0 ? "" : ` ${there.join(", ")} can run no query on distributed tables then.`),
    yes === true,
  );
  const statement = `WITH gone AS (DELETE FROM pg_dist_authinfo
      WHERE rolename IN (${roles.map(quoteLiteral).join(", ")}) RETURNING 1) SELECT count(*)::text AS count FROM gone`;
  const workers = (await readRegistered(session)).filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  const [own] = await session.query<{ count: string }>(statement);
  const answers = await runOnNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    workers.map(() => statement),
  );
  const failed = answers.flatMap((answer) => ("error" in answer ? [answer.error] : []));
  const count = answers.reduce(
    (sum, answer) => sum + ("value" in answer ? Number(answer.value) : 0),
    Number(own?.count ?? 0),
  );
  progress(
    `${count} row${count === 1 ? "" : "s"} of ${names} deleted from pg_dist_authinfo on ${workers.length + 1 - failed.length} nodes`,
  );
  if (failed.length === 0) return EXIT.ok;
  throw new Failure(
    `some nodes still have them: ${failed.join("; ")}`,
    "check that they are up, then run it again",
  );
}

async function check(
  target: Changing,
  given: readonly string[],
  json: boolean,
  paint: ReturnType<typeof createPaint>,
): Promise<ExitCode> {
  const { session, cluster, timeoutMs } = target;
  const used = await readRoles(session);
  const names = new Set([cluster.user, ...used.map(({ name }) => name), ...(await storedRoles(session))]);
  const roles = given.length > 0 ? given : [...names];
  const { nodes } = await storeOptions(target);
  const answers = await probeRoles(session, roles, nodes, {
    whom: "all",
    timeoutMs: timeForAll(timeoutMs, roles.length * nodes.length),
  });
  const checked = judgeChecked(roles, used, nodes, answers, cluster);
  if (json) printJson("credentials", checkJson(cluster, checked));
  else printLines(checkScreen(checked, paint, terminalWidth()));
  return checked.healthy ? EXIT.ok : EXIT.unhealthy;
}

async function storeOptions(target: Changing): Promise<StoreOptions> {
  const { session, cluster, timeoutMs, progress } = target;
  const nodes = (await readView(session, cluster))
    .filter(isRegistered)
    .filter(({ registered }) => registered.isactive)
    .map(({ label, registered }): NamedNode => ({ ...registered, label }));
  return { place: cluster, nodes, timeoutMs, progress };
}
