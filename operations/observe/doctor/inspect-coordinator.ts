import type { Target } from "../../cluster/connection/target";
import { Deadline } from "../../base/deadline";
import { connectTo } from "../../cluster/connection/connect";
import { Failure, oneLine } from "../../base/failure";
import { askWho } from "../../cluster/nodes/ask-who";
import { askIdentities, readKnown } from "../../cluster/nodes/read-view";
import { isRegistered, viewNodes } from "../../cluster/nodes/view";
import { type ClusterRoles, askRoles } from "../../cluster/roles/ask-roles";
import type { NamedNode } from "../../cluster/roles/probe";
import { type OtherDatabase, askElsewhere } from "../status/elsewhere";
import type { Session } from "../../cluster/connection/session";
import { type CoordinatorFacts, RECORD, RECORD_EXISTS, REGISTERED_FACTS, type RecordedRow } from "./facts";
import type { Inspection } from "./inspection";
import { advise, commandIn } from "../../base/remedy";

export interface CoordinatorInspection {
  readonly connection: Inspection["connection"];
  /** Undefined where it isn't reached, or has no Citus. */
  readonly registered?: CoordinatorFacts;
  readonly roles?: ClusterRoles;
  readonly otherDatabases?: readonly OtherDatabase[];
}

/**
 * Connects to the coordinator from this machine, by the very transports of every other command, and asks what is
 * registered: its Docker host may be out of reach while it serves.
 */
export async function inspectCoordinator({
  label,
  transports,
  user,
  database,
  timeoutMs,
  cluster,
  caller,
}: Target): Promise<CoordinatorInspection> {
  const options = { command: "doctor", progress: () => undefined, patience: 0, limit: timeoutMs };
  const deadline = Deadline.in(timeoutMs);
  const destination = {
    label: `the coordinator of ${label}`,
    transports,
    user,
    database,
    password: caller.credentials.requireSuperuser(),
    place: cluster,
  };
  try {
    const session = await connectTo(destination, options);
    try {
      const by = `${session.transport.name}: ${session.transport.description}`;
      const registered = await readRegistered(session);
      const time = { timeoutMs, leftMs: deadline.left() };
      if (registered === undefined) return { connection: { by } };
      const known = await readKnown(session, cluster);
      const said = await askIdentities(session, known, askWho(timeoutMs));
      const nodes = viewNodes(known, said)
        .filter(isRegistered)
        .filter((node) => node.registered.isactive)
        .map((node): NamedNode => ({ ...node.registered, label: node.label }));
      const roles = await readRoles(session, nodes, time);
      const otherDatabases = await readElsewhere(session, nodes, deadline.left() / 2);
      return { connection: { by }, registered: { ...registered, said }, roles, otherDatabases };
    } finally {
      await session.end();
    }
  } catch (error) {
    if (error instanceof Failure) return { connection: { what: error.summary, remedy: error.remedy } };
    const remedy =
      cluster === undefined
        ? "see its log"
        : advise`see its log: ${commandIn(cluster, "logs", "coordinator", "--since", "10m")}`;
    return { connection: { what: oneLine(error), remedy } };
  }
}

/** What is wrong with Citus there, other checks say. */
async function readRegistered(session: Session): Promise<CoordinatorFacts | undefined> {
  try {
    const facts = (await valueOf(session, REGISTERED_FACTS)) as Omit<CoordinatorFacts, "record">;
    const recorded = (await valueOf(session, RECORD_EXISTS)) === true;
    return { ...facts, record: recorded ? ((await valueOf(session, RECORD)) as RecordedRow[]) : [] };
  } catch {
    return undefined;
  }
}

/** Other checks say why a node doesn't answer. */
async function readRoles(
  session: Session,
  nodes: readonly NamedNode[],
  time: { readonly timeoutMs: number; readonly leftMs: number },
): Promise<ClusterRoles | undefined> {
  try {
    return await askRoles(session, nodes, time);
  } catch {
    return undefined;
  }
}

/** The same. */
async function readElsewhere(
  session: Session,
  nodes: readonly NamedNode[],
  leftMs: number,
): Promise<OtherDatabase[] | undefined> {
  try {
    return await askElsewhere(session, nodes, leftMs);
  } catch {
    return undefined;
  }
}

async function valueOf(session: Session, sql: string): Promise<unknown> {
  const [row] = await session.query(sql);
  return Object.values(row ?? {})[0];
}
