import type { Endpoint } from "../../environments/cluster";
import { formatEndpoint } from "../../environments/cluster";
import type { Connected } from "../commands/target";
import { type RecordedNode, readRecord } from "../record";
import type { Explained } from "../registration/connection-cause";
import {
  COORDINATOR_GROUP,
  type RegisteredNode,
  readRegistered,
  sameEndpoint,
} from "../registration/pg-dist-node";
import { askNodes } from "./ask-nodes";
import { explainContainers } from "./down-containers";

/** A registered node and its answer. */
export interface Asked<Value> {
  /** The id in the environment or in the record, else the endpoint. */
  readonly label: string;
  readonly role: "coordinator" | "worker";
  readonly nodeid: number;
  readonly groupid: number;
  readonly endpoint: Endpoint;
  /** What it answered; `failed` instead where it didn't, with what Docker says of its container. */
  readonly value?: Value;
  readonly failed?: Explained;
}

/**
 * Asks all registered nodes the same, each within `timeoutMs`; the coordinator, by the session itself.
 *
 * @param statement gives one row with one column, which is JSON
 * @param isMeant which of them are asked (default: all)
 */
export async function askAll<Value>(
  target: Connected,
  statement: string,
  isMeant: (node: RegisteredNode) => boolean = () => true,
): Promise<Asked<Value>[]> {
  const registered = (await readRegistered(target.session)).filter(isMeant);
  const record = await readRecord(target.session);
  const answers = await askRegistered<Value>(target, registered, statement);
  const asked = registered.map((node, index): Asked<Value> => ({
    label: labelOf(target, node, record),
    role: node.groupid === COORDINATOR_GROUP ? "coordinator" : "worker",
    nodeid: node.nodeid,
    groupid: node.groupid,
    endpoint: node.endpoint,
    ...answers[index],
  }));
  return explainContainers(target, asked);
}

/** The answers of these nodes, in their order. */
export async function askRegistered<Value>(
  { session, timeoutMs }: Connected,
  nodes: readonly Pick<RegisteredNode, "groupid" | "endpoint">[],
  statement: string,
): Promise<{ value?: Value; failed?: Explained }[]> {
  const workers = nodes.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  const asking = askNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    statement,
    timeoutMs * 0.85,
  );
  const [answers, [own]] = await Promise.all([asking, session.query<Record<string, string>>(statement)]);
  return nodes.map((node) => {
    const answer = answers[workers.indexOf(node)] ?? { value: Object.values(own ?? {})[0] ?? "null" };
    return "value" in answer ? { value: JSON.parse(answer.value) as Value } : { failed: answer.failed };
  });
}

/** As the environment calls the node at this endpoint, else as it was recorded. */
export function labelOf(
  { cluster }: Pick<Connected, "cluster">,
  { nodeid, endpoint }: Pick<RegisteredNode, "nodeid" | "endpoint">,
  record: ReadonlyMap<string, RecordedNode>,
): string {
  const declared = cluster?.nodes.find((node) => sameEndpoint(node.endpoint, endpoint));
  const recorded = [...record.values()].find((node) => node.nodeid === nodeid);
  return declared?.id ?? recorded?.id ?? formatEndpoint(endpoint);
}
