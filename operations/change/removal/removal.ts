import { formatEndpoint } from "../../../model/cluster";
import { type Moved, drain } from "../drain/drain";
import { findDependentProblems, findDrainProblems } from "../drain/checks";
import type { TransferMode } from "../../cluster/shards/transfer-mode";
import { readInventory } from "../drain/shards";
import { EXIT, Failure, type Problem, oneLine, problemsFailure } from "../../base/failure";
import { interruptible } from "../../cluster/connection/interrupt";
import { lift, mark } from "./leaving-marks";
import type { LeaveRequest, Member } from "../../cluster/nodes/leaving-members";
import { clearRests } from "../../cluster/moving/clear-rests";
import type { Progress } from "../../base/progress";
import { type RecordedNode, forgetNodes } from "../../cluster/nodes/recorded";
import { type KnownNodes, explainNodeFailure } from "../../cluster/nodes/node-failure";
import { COORDINATOR_GROUP } from "../../cluster/nodes/registered";
import type { ServerMessage, Session } from "../../cluster/connection/session";
import { SQLSTATE, sqlStateOf } from "../../cluster/connection/sqlstate";
import { withWaitsTold } from "../../cluster/moving/with-waits-told";
import { AGAIN, advise } from "../../base/remedy";

/** A node that is to be emptied, and the others around it. */
export interface Removal {
  readonly node: Member;
  readonly members: readonly Member[];
  readonly request: LeaveRequest;
  readonly mode: TransferMode;
  readonly progress: Progress;
  /** How long a move may wait for one transaction, in seconds. */
  readonly blockedTimeout: number;
  /** What else stands against it; asked where the node itself answers, before anything moves. @default nothing */
  readonly findMore?: () => Promise<Problem[]>;
  /** Whether what only this node has may be lost, by its label. @default never */
  readonly mayLose?: (label: string) => boolean;
}

/** Nodes that a removal needs don't answer: nothing was changed. */
export class NodesUnreachable extends Failure {
  /** @param staying ids of those that don't answer and stay */
  constructor(
    { summary, remedy, detail }: Failure,
    readonly staying: readonly string[] = [],
  ) {
    super(summary, remedy, { detail });
    this.name = "NodesUnreachable";
  }
}

/**
 * The registered node of an id; undefined for one that never joined, or has been removed.
 *
 * @throws Failure (refused) for the coordinator; NodesUnreachable where it can't be told
 */
export async function findMember(
  session: Session,
  members: readonly Member[],
  record: ReadonlyMap<string, RecordedNode>,
  id: string,
): Promise<Member | undefined> {
  const recorded = record.get(id);
  const node =
    members.find((member) => member.recorded?.id === id) ?? members.find((member) => member.id === id);
  if ((node ?? recorded)?.groupid === COORDINATOR_GROUP) {
    throw coordinatorStays(id);
  }
  if (node !== undefined) return node;
  // Which node of the environment a server is that was registered but not recorded, only it can say.
  const unknown = members.find(
    ({ knownBy, server }) => server === undefined && (knownBy === "endpoint" || knownBy === "nothing"),
  );
  if (unknown !== undefined) {
    throw new NodesUnreachable(
      new Failure(
        `cannot determine whether ${unknown.label} is ${id}: ${unknown.unreachable?.what ?? "it does not answer"}`,
        unknown.unreachable?.remedy ?? advise`start it and ${AGAIN}`,
      ),
    );
  }
  if (recorded !== undefined) await forgetNodes(session, [id]);
  return undefined;
}

/** Why no command of ours empties or removes the coordinator. */
export function coordinatorStays(id: string): Failure {
  return new Failure(`${id} is the coordinator`, "it can't be removed from its cluster", {
    exitCode: EXIT.refused,
  });
}

/**
 * Empties a node: checks before anything moves, marks all that leave, moves, cleans up; then finishes as told. The one
 * way that shards leave a node here, for Terraform and for people.
 *
 * @param finish with the empty node, which is marked as leaving
 * @returns what was moved away
 * @throws NodesUnreachable, or Failure (refused), where nothing was begun; Failure, with the marks lifted: the node may hold
 *   shards as before
 */
export async function emptyNode(
  session: Session,
  removal: Removal,
  finish: () => Promise<void>,
): Promise<Moved> {
  const { node, members, request, mode, progress, blockedTimeout, findMore, mayLose } = removal;
  const leaving = members.filter(({ leaves }) => leaves);
  let begun = false;
  const checkAndEmpty = async () => {
    const inventory = await readInventory(session);
    const situation = { members, inventory, mode, request, mayLose };
    const [first, ...others] = [
      ...(await findDrainProblems(session, situation)),
      ...(node.server === undefined || findMore === undefined ? [] : await findMore()),
      ...(await findDependentProblems(session, situation)),
    ];
    if (first !== undefined) {
      const failure = problemsFailure(
        [first, ...others],
        `${node.label} was not ${request.done}`,
        EXIT.refused,
      );
      const silent = members.filter(({ server }) => server === undefined);
      if (silent.length === 0) throw failure;
      const staying = silent.flatMap(({ id, leaves }) => (id === undefined || leaves ? [] : [id]));
      throw new NodesUnreachable(failure, staying);
    }
    const empty = async (signal: AbortSignal) => {
      session.takeMessages();
      await mark(session, leaving, progress);
      // Wanted again after a killed run: Citus moves nothing to a node that is still marked.
      await lift(
        session,
        members.filter(({ leaves }) => !leaves),
        progress,
      );
      begun = true;
      const moved = await drain(session, request, node, {
        ...{ mode, progress, signal, blockedTimeout },
        mayLose: mayLose?.(node.label) === true,
      });
      await finish();
      return moved;
    };
    return interruptible(session, empty, (name) =>
      progress(
        `${name}: cancelling what runs and clearing away what was begun; interrupt again to end this at once`,
      ),
    );
  };
  try {
    return await withWaitsTold(session, { progress, seconds: blockedTimeout }, checkAndEmpty);
  } catch (error) {
    const messages = session.takeMessages();
    if (begun) await clearRests(session, members, progress);
    const nodes = members.map(({ label, endpoint }) => ({ id: label, endpoint }));
    const explained = explainRemoval(
      error,
      { ...session.place, environment: request.environment, nodes },
      messages,
    );
    throw await liftAfter(explained, session, leaving, progress);
  }
}

/** How long taking the metadata from a node may last: thousands of tables are dropped there. In milliseconds. */
const DEREGISTER_MS = 300_000;

/** All at once: a node that is removed but not recorded as such, or the other way round, needs no repair then. */
export async function deregister(session: Session, node: Member, progress: Progress): Promise<void> {
  const endpoint = [node.endpoint.host, node.endpoint.port];
  try {
    await session.transaction(async () => {
      // It waits on that node, where a lock_timeout of ours doesn't hold, with all changes of the list of nodes behind it.
      await session.query(`SET LOCAL statement_timeout = ${DEREGISTER_MS}`);
      // A removed worker would else keep its metadata and go on writing to the shards of the others.
      await session.query("SELECT stop_metadata_sync_to_node($1::text, $2::int)", endpoint);
      await session.query("SELECT citus_remove_node($1::text, $2::int)", endpoint);
      if (node.id !== undefined) await forgetNodes(session, [node.id]);
    });
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.queryCanceled) throw error;
    throw new Failure(
      `${node.label} is empty, but could not be removed within ${DEREGISTER_MS / 1000} s: most likely a client connected to it ` +
        "has an open transaction on its tables",
      advise`disconnect the clients that are connected to ${formatEndpoint(node.endpoint)} itself (pg_stat_activity there), and ${AGAIN}: it resumes where it stopped`,
      { cause: error },
    );
  }
  progress(
    `${node.label}: removed from the cluster (it was node ${node.nodeid}, ${formatEndpoint(node.endpoint)})`,
  );
}

/** The error, and what became of the marks if they could not be lifted. */
async function liftAfter(
  error: unknown,
  session: Session,
  leaving: readonly Member[],
  progress: Progress,
): Promise<unknown> {
  try {
    await lift(session, leaving, progress);
    return error;
  } catch (second) {
    if (!(error instanceof Failure)) return error;
    const { summary, remedy, detail, exitCode } = error;
    return new Failure(summary, remedy, { detail: [...detail, oneLine(second)], exitCode, cause: error });
  }
}

/**
 * What the server answered to a statement that should work; anything else as it is.
 *
 * @param messages before it: where another node failed, Citus' error only names that node
 */
export function explainRemoval(
  error: unknown,
  cluster: KnownNodes,
  messages: readonly ServerMessage[] = [],
): unknown {
  if (sqlStateOf(error) === undefined) return error;
  const { where } = error as { where?: string };
  const text = `${oneLine(error)}${where === undefined ? "" : ` (${oneLine(where)})`}`;
  const isOnNode = /marked as essential/.test(text);
  const { what, remedy } = explainNodeFailure({ error: text, messages: isOnNode ? messages : [], cluster });
  return new Failure(
    isOnNode && messages.length > 0
      ? `the coordinator says: ${text}: ${what}`
      : `the coordinator says: ${text}`,
    advise`${remedy}; then ${AGAIN}`,
    { cause: error },
  );
}
