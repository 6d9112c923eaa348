import { Argument, type Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import { EXIT, type ExitCode, Failure } from "../../base/failure";
import { advise, helpOf, render } from "../../base/remedy";
import { namesOf, onEach, putInForce } from "../../change/firewall/put-in-force";
import { rulesetOf } from "../../change/firewall/ruleset";
import { installScript, removeScript } from "../../change/firewall/scripts";
import { confirm } from "../../cli/confirm";
import { type Paint, createPaint, printJson, printLines } from "../../cli/output";
import { progressOf } from "../../cli/progress";
import { orJsonFailure } from "../../cli/read-command";
import { refuseTwins, timeoutOption } from "../../cli/target";
import { runAsRoot } from "../../docker/root-shell";
import { describeChecked } from "./json";
import { checkedScreen } from "./screen";
import { checkServers } from "./check";
import { type Declared, declaredServers, withShell, withSubnets, withoutShell } from "./servers";

const HELP = `
Lets the members of the cluster, and firewall.allow of the environment, in to the published ports of the nodes, and
drops the rest before Docker's forwarding, which ufw doesn't see. It is a table of nftables of its own: nothing else
of a server's firewall is read or changed, and no other port is concerned.

show    prints a script for each server, for whoever has root there; with --host it can be piped
check   says whether the rules are in force, and loaded at the start of the server
apply   puts them in force by ssh, as root or by sudo without a password: on trial first, then kept by a new login
        once the nodes reach each other as before; otherwise the rules from before come back by themselves
remove  takes them away

Exit codes: 3 where a server has not what is declared, or gives no shell.

Examples:
  npx pg-dist firewall production check --json
  npx pg-dist firewall production apply
  npx pg-dist firewall production show --host server-b`;

const ACTIONS = ["show", "check", "apply", "remove"] as const;

interface Flags {
  readonly host?: string;
  readonly removal?: true;
  readonly yes?: true;
  readonly json?: true;
  /** In seconds. */
  readonly timeout: number;
}

/** `pg-dist firewall ENV show|check|apply|remove`. */
export function addFirewall(program: Command, caller: Caller): void {
  program
    .command("firewall")
    .argument("<environment>", "name of a file in environments/, without .ts")
    .addArgument(new Argument("<action>", "what to do").choices(ACTIONS))
    .description("Let only members and declared clients in to the nodes' published ports.")
    .option("--host <id>", "only that Docker host (default: all)")
    .addOption(timeoutOption("how long one server, or its engine, may take to answer"))
    .option("--removal", "of show: the scripts that take the rules away")
    .option("--yes", "of apply and remove: without asking")
    .option("--json", "of check: as JSON, version 1")
    .addHelpText("after", HELP)
    .action(async (environment: string, action: (typeof ACTIONS)[number], flags: Flags) => {
      const work = { show, check, apply, remove }[action];
      const paint = createPaint(program.opts<{ color: boolean }>().color, caller);
      process.exitCode = await orJsonFailure("firewall", flags.json === true, caller, async () => {
        refuseFlags(action, flags);
        const declared = declaredServers(environment, flags.host);
        return work({ declared, flags, caller, timeoutMs: flags.timeout * 1000, paint });
      });
    });
}

/** An option that would be ignored is a mistake. */
function refuseFlags(action: (typeof ACTIONS)[number], { yes, json, removal }: Flags): void {
  const wrong =
    (yes === true && action !== "apply" && action !== "remove" && "--yes") ||
    (removal === true && action !== "show" && "--removal") ||
    (json === true && action !== "check" && "--json");
  if (!wrong) return;
  throw new Failure(`${wrong} is not for ${action}`, advise`see ${helpOf("firewall")}`, {
    exitCode: EXIT.usage,
  });
}

interface Work {
  readonly declared: Declared;
  readonly flags: Flags;
  readonly caller: Caller;
  readonly timeoutMs: number;
  readonly paint: Paint;
}

/** Without an answer of the engine the network's subnet is that of the environment, and that is said. */
async function show({ declared, flags, caller, timeoutMs }: Work): Promise<ExitCode> {
  for (const server of declared.servers) {
    if (flags.removal === true) {
      process.stdout.write(removeScript(server.firewall));
      continue;
    }
    const known = await withSubnets(declared, server.host, caller, timeoutMs).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      process.stderr.write(
        `warning: ${error.summary}; the subnet of the cluster's network is taken from the environment\n`,
      );
      return server;
    });
    process.stdout.write(installScript(known.firewall));
  }
  return EXIT.ok;
}

async function check({ declared, flags, caller, timeoutMs, paint }: Work): Promise<ExitCode> {
  const checked = await checkServers(declared, caller, timeoutMs);
  if (flags.json === true) printJson("firewall", describeChecked(declared.cluster, checked));
  else printLines(checkedScreen(declared.cluster, checked, paint));
  return checked.every(({ faults }) => faults.length === 0) ? EXIT.ok : EXIT.unhealthy;
}

async function apply({ declared, flags, caller, timeoutMs }: Work): Promise<ExitCode> {
  refuseTwins(declared.twins);
  const servers = withShell(declared);
  const checked = await checkServers({ ...declared, servers }, caller, timeoutMs);
  for (const { failed } of checked) if (failed !== undefined) throw failed;
  const changing = checked.filter(({ faults }) => faults.length > 0);
  if (changing.length === 0) {
    process.stdout.write(`${namesOf(servers)}: in force already, as declared\n`);
    return tellLeft(declared);
  }
  process.stdout.write(changing.map(({ firewall }) => rulesetOf(firewall)).join("\n"));
  await confirm(`Put these rules in force on ${namesOf(changing)}?`, flags.yes === true);
  await putInForce(changing, declared.cluster, { caller, progress: progressOf(caller) });
  return tellLeft(declared);
}

async function remove({ declared, flags, caller }: Work): Promise<ExitCode> {
  refuseTwins(declared.twins);
  const servers = withShell(declared);
  await confirm(
    `Take the rules away from ${namesOf(servers)}? Whoever reaches these servers reaches the nodes' ports then.`,
    flags.yes === true,
  );
  const progress = progressOf(caller);
  await onEach(servers, async ({ host, firewall }) => {
    await runAsRoot(host, removeScript(firewall), caller);
    progress(`${host.id}: removed`);
  });
  return tellLeft(declared);
}

/** Says on which servers nothing could be done from here. */
function tellLeft({ servers, cluster }: Declared): ExitCode {
  const left = servers.flatMap(({ host }) => {
    const none = withoutShell(host, cluster);
    return none === undefined ? [] : [`${host.id}: ${none.what}: ${render(none.remedy, "person")}`];
  });
  for (const line of left) process.stderr.write(`warning: ${line}\n`);
  return left.length === 0 ? EXIT.ok : EXIT.unhealthy;
}
