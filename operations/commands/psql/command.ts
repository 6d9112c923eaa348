import type { Command } from "commander";
import type { Caller } from "../../base/caller/caller";
import type { ClusterNode } from "../../../model/cluster";
import { runChild } from "../../base/child-process";
import { coordinatorOf, hostOf } from "../../cluster/cluster-file";
import { explainDown } from "../../cli/coordinator-down";
import { findNode } from "../../cli/find-node";
import { type TargetFlags, addTarget, findTarget, withPassword, warnOfTwins } from "../../cli/target";
import type { Target } from "../../cluster/connection/target";
import { CoordinatorUnreachable, connectTo } from "../../cluster/connection/connect";
import { Engine } from "../../docker/engine/engine";
import { EXIT, Failure } from "../../base/failure";
import { chooseTransports } from "../../cluster/connection/transports/choose-transports";
import type { Transport } from "../../cluster/connection/transports/transport";
import { type Login, runLocalPsql, runPsqlInside } from "./run-psql";

const HELP = `
NODE is an id (server-d/worker1), the name of its container, or its short name where only one node has it.
What follows -- goes to psql. It runs the psql of this machine, if there is one, directly or through a tunnel by
ssh (or docker exec) to the node's server; else the psql of the node's container. The exit code is psql's.

Examples:
  npx pg-dist psql production                             the coordinator, interactively
  npx pg-dist psql production server-d/worker1            a worker, also where its port is not reachable from here
  npx pg-dist psql production -- -c 'SELECT citus_version()'
  npx pg-dist psql production < script.sql`;

/** `pg-dist psql ENV [NODE] [-- ARGUMENTS]`. */
export function addPsql(program: Command, caller: Caller): void {
  addTarget(program.command("psql"))
    .argument("[node]", "which node (default: the coordinator)")
    .argument("[arguments...]", "of psql, after --")
    .description("Open psql on a node, with the right host, port, tunnel and password.")
    .addHelpText("after", HELP)
    .action(async (_environment, _node, _args, flags: TargetFlags, command: Command) => {
      const { operands, args } = splitOperands(command.args, argumentsAfterDashes(program));
      const [environment, node, ...more] = operands;
      if (more.length > 0) {
        throw new Failure(`too many arguments: ${more.join(" ")}`, "put those of psql after --", {
          exitCode: EXIT.usage,
        });
      }
      if (flags.url !== undefined && environment !== undefined) {
        throw new Failure(
          `--url and ${[environment, node].join(" ").trim()} are given: a node's name needs an environment`,
          "give the node's own address in --url and no name, or an environment and no --url",
          { exitCode: EXIT.usage },
        );
      }
      const target = findTarget(environment, flags, caller);
      warnOfTwins(target);
      process.exitCode = await openPsql(target, node, args);
    });
}

/** What follows `--` on the command line; commander drops the dashes. */
function argumentsAfterDashes(program: Command): readonly string[] {
  const { rawArgs } = program as Command & { readonly rawArgs: readonly string[] };
  const dashes = rawArgs.indexOf("--");
  return dashes < 0 ? [] : rawArgs.slice(dashes + 1);
}

function splitOperands(
  all: readonly string[],
  args: readonly string[],
): { operands: readonly string[]; args: readonly string[] } {
  return { operands: all.slice(0, all.length - args.length), args };
}

async function openPsql(found: Target, name: string | undefined, args: readonly string[]): Promise<number> {
  const target = await withPassword(found);
  const { cluster, user, database } = target;
  const node =
    cluster === undefined ? undefined : name === undefined ? coordinatorOf(cluster) : findNode(cluster, name);
  const login: Login = { user, database, password: target.caller.credentials.requireSuperuser() };
  const transport = await findTransport(target, node, login);
  if (await hasPsql(target.caller))
    return runLocalPsql(transport, node?.endpoint ?? target.coordinator, {
      login,
      args,
      env: target.caller.env,
    });
  if (node === undefined || cluster === undefined) {
    throw new Failure("there is no psql on this machine", "install postgresql-client");
  }
  const docker = new Engine(hostOf(cluster, node), target.caller);
  try {
    return await runPsqlInside(docker, node, login, args);
  } finally {
    docker.close();
  }
}

/** The first transport by which the node answers with this password. */
async function findTransport(
  target: Target,
  node: ClusterNode | undefined,
  login: Login,
): Promise<Transport> {
  const { cluster, caller, timeoutMs, label } = target;
  const isCoordinator = node === undefined || node.role === "coordinator";
  const transports =
    isCoordinator || cluster === undefined ? target.transports : chooseTransports(cluster, caller, node);
  const destination = {
    label: node === undefined ? `the server ${label}` : `the ${node.role} ${node.id}`,
    declared: node !== undefined,
    transports,
    ...login,
  };
  try {
    const options = { command: "psql", progress: () => undefined, patience: 0, limit: timeoutMs * 0.7 };
    const session = await connectTo(destination, options);
    await session.end();
    return session.transport;
  } catch (error) {
    if (
      error instanceof CoordinatorUnreachable &&
      !error.answered &&
      cluster !== undefined &&
      isCoordinator
    ) {
      throw await explainDown(error, cluster, target);
    }
    throw error;
  }
}

async function hasPsql({ env }: Caller): Promise<boolean> {
  try {
    return (await runChild("psql", ["--version"], { env })).code === 0;
  } catch {
    return false;
  }
}
