import { type Command, InvalidArgumentError, Option } from "commander";
import type { Caller } from "../base/caller/caller";
import { describeCluster, formatEndpoint } from "../../model/cluster";
import { coordinatorOf } from "../cluster/cluster-file";
import { CoordinatorUnreachable, connectTo } from "../cluster/connection/connect";
import { EXIT, Failure } from "../base/failure";
import { LIBPQ_PASSWORD, SUPERUSER_PASSWORD } from "../base/caller/credentials";
import { limitStatements } from "../cluster/connection/statement-timeout";
import { passwordFile } from "../base/password-file";
import { findProject, findSameCluster, loadEnvironment } from "../terraform/project";
import type { Session } from "../cluster/connection/session";
import { chooseTransports } from "../cluster/connection/transports/choose-transports";
import { directTransport } from "../cluster/connection/transports/direct";
import type { Transport } from "../cluster/connection/transports/transport";
import { explainDown } from "./coordinator-down";
import { databaseOption } from "./database-option";
import { inDatabase, isOtherDatabase } from "../base/command-line";
import { findPassword } from "./password";
import { type Purpose, checkCoordinator } from "../cluster/nodes/check-coordinator";
import type { Connected, Target } from "../cluster/connection/target";
import { parseUrl } from "../cluster/connection/url";
import { render } from "../base/remedy";

/** Of every command that works on a cluster; see `addTarget`. */
export interface TargetFlags {
  readonly url?: string;
  readonly via?: Transport["name"];
  readonly database?: string;
  /** In seconds. */
  readonly timeout: number;
}

/** Argument and options that name a cluster: `[environment] --url --database --via --timeout`. */
export function addTarget(command: Command): Command {
  return command
    .argument("[environment]", "name of a file in environments/, without .ts")
    .option(
      "--url <url>",
      "a cluster that is not in an environment, as a superuser: postgres://user@host:port/database",
    )
    .addOption(databaseOption())
    .addOption(viaOption())
    .addOption(timeoutOption("how long one node may take to answer"));
}

/** `--via`. */
export function viaOption(): Option {
  const description = "use only this way to the coordinator (default: the first that works)";
  return new Option("--via <way>", description).choices(["direct", "ssh", "exec"]);
}

/**
 * `--timeout`, in seconds.
 *
 * @param seconds where it isn't given; null where the command decides, and its description says how
 */
export function timeoutOption(description: string, seconds: number | null = 10): Option {
  const option = new Option("--timeout <seconds>", description).argParser(parseSeconds);
  return seconds === null ? option : option.default(seconds);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 1 && seconds <= 3600) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds from 1 to 3600.");
}

/**
 * Finds the cluster, from the environment's file or the URL.
 *
 * @throws Failure (usage) when neither or both are given
 */
export function findTarget(environment: string | undefined, flags: TargetFlags, given: Caller): Target {
  const caller: Caller =
    flags.via === undefined ? given : { ...given, via: { name: flags.via, by: "--via" } };
  if ((environment === undefined) === (flags.url === undefined)) {
    throw new Failure(
      environment === undefined ? "no environment is named" : "both an environment and --url are given",
      "give the name of a file in environments/, or --url",
      { exitCode: EXIT.usage },
    );
  }
  const timeoutMs = flags.timeout * 1000;
  if (flags.url !== undefined) {
    if (flags.database !== undefined) {
      throw new Failure(
        "--database is given together with --url",
        "name the database at the end of the URL",
        {
          exitCode: EXIT.usage,
        },
      );
    }
    return fromUrl(flags.url, flags.via, timeoutMs, caller);
  }
  const project = findProject();
  const loaded = loadEnvironment(project, environment ?? "");
  const cluster = inDatabase(describeCluster(loaded), flags.database);
  return {
    label: isOtherDatabase(cluster) ? `${loaded.name}, database ${cluster.database}` : loaded.name,
    environment: loaded,
    cluster,
    twins: findSameCluster(project, loaded),
    user: cluster.user,
    database: cluster.database,
    passwordFile: passwordFile(project.folder, loaded.name),
    coordinator: coordinatorOf(cluster).endpoint,
    transports: chooseTransports(cluster, caller),
    timeoutMs,
    caller,
  };
}

function fromUrl(url: string, via: Transport["name"] | undefined, timeoutMs: number, caller: Caller): Target {
  if (via !== undefined && via !== "direct") {
    throw new Failure(
      `--via ${via} needs an environment, which names the Docker host`,
      "leave it out with --url",
      {
        exitCode: EXIT.usage,
      },
    );
  }
  const { user, database, ...coordinator } = parseUrl(url);
  const label = `${formatEndpoint(coordinator)}/${database}`;
  return {
    label,
    user,
    database,
    coordinator,
    transports: [directTransport(coordinator)],
    timeoutMs,
    caller: { ...caller, credentials: caller.credentials.forAddress() },
  };
}

/**
 * The target with the superuser's password among its credentials, from where people keep it (see `findPassword`). That of an
 * environment's Terraform variable isn't sent to a server which is given by address.
 *
 * @throws Failure where it is nowhere and nobody can be asked
 */
export async function withPassword<Found extends Target>(target: Found): Promise<Found> {
  const { caller, cluster, coordinator, user, database, label, passwordFile: file } = target;
  if (caller.credentials.superuser !== undefined) return target;
  const published = cluster === undefined ? undefined : coordinatorOf(cluster).published;
  const endpoints = [
    ...(published === undefined ? [] : [{ host: published.ip, port: published.port }]),
    coordinator,
  ];
  const names = cluster === undefined ? [LIBPQ_PASSWORD] : [SUPERUSER_PASSWORD, LIBPQ_PASSWORD];
  const password = await findPassword({ user, database, label, endpoints, file, names });
  return { ...target, caller: { ...caller, credentials: caller.credentials.withSuperuser(password) } };
}

/**
 * A session on the coordinator, within about `timeoutMs`.
 *
 * @param command what the session is for, in pg_stat_activity
 * @param purpose how strictly the server is checked; see `Purpose`
 * @throws Failure with the cause, and what Docker says of the coordinator's container; WrongCoordinator (refused)
 */
export async function openTarget(found: Target, command: string, purpose: Purpose): Promise<Connected> {
  const target = await withPassword(found);
  const { caller, cluster, transports, user, database, timeoutMs } = target;
  const password = caller.credentials.requireSuperuser();
  const label =
    cluster === undefined
      ? `the server ${formatEndpoint(target.coordinator)}`
      : `the coordinator ${coordinatorOf(cluster).id}`;
  try {
    const session = await connectTo(
      { label, declared: cluster !== undefined, transports, user, database, password, place: cluster },
      // Without waiting for a server that starts: who asks how it is wants to hear that. Docker is asked in the rest.
      { command, progress: () => undefined, patience: 0, limit: timeoutMs * 0.7 },
    );
    const { server, doubts } = await inSession(session, async () => {
      // No question runs longer than one node may take; a change lifts that while it works.
      await limitStatements(session, timeoutMs);
      return checkCoordinator(session, cluster, purpose);
    });
    return { ...target, session, server, doubts };
  } catch (error) {
    if (error instanceof CoordinatorUnreachable && !error.answered && cluster !== undefined) {
      throw await explainDown(error, cluster, target);
    }
    throw error;
  }
}

/**
 * Says on standard error that another environment is the same cluster. Whoever only looks is told, and sees: it may be the
 * one that is right, and needed now.
 */
export function warnOfTwins({ twins = [] }: Target): void {
  for (const twin of twins) process.stderr.write(`warning: ${twin}: ${TWIN_REMEDY}\n`);
}

/** @throws Failure (refused) where another environment is the same cluster: one of them is a copy, and changes the other's */
export function refuseTwins(twins: readonly string[]): void {
  const [first, ...more] = twins;
  if (first === undefined) return;
  throw new Failure(first, TWIN_REMEDY, { detail: more, exitCode: EXIT.refused });
}

/** For one of two environments that are one cluster. */
export const TWIN_REMEDY = "delete the copy from environments/, or give it hosts and a cluster of its own";

/**
 * Says on standard error what speaks against it that this is the coordinator. Whoever only looks sees all the same: it may
 * be just what is looked for.
 */
export function warnOfDoubts({ doubts }: Connected): void {
  for (const { what, remedy } of doubts)
    process.stderr.write(`warning: ${what}: ${render(remedy, "person")}\n`);
}

/** Ends the session when the work fails. */
async function inSession<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    await session.end();
    throw error;
  }
}
