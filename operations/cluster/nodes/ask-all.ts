import type { Endpoint } from "../../../model/cluster";
import type { Connected } from "../connection/target";
import type { Explained } from "./connection-cause";
import { COORDINATOR_GROUP, type RegisteredNode } from "./registered";
import { askWho } from "./ask-who";
import { readView } from "./read-view";
import { isRegistered } from "./view";
import { askNodes } from "./ask-nodes";
import { type Explanations, askContainers, explainFailed } from "./down-containers";

/** A registered node and its answer. */
export interface Asked<Value> {
  /** See `NodeView`. */
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
  const { session, cluster, timeoutMs } = target;
  const view = await readView(session, cluster, askWho(timeoutMs));
  const nodes = view.filter(isRegistered).filter(({ registered }) => isMeant(registered));
  const named = nodes.map(({ label, registered }) => ({ ...registered, label }));
  const answers = await askRegistered<Value>(target, named, statement);
  return nodes.map(({ label, role, endpoint, registered: { nodeid, groupid } }, index): Asked<Value> => ({
    ...{ label, role, nodeid, groupid, endpoint },
    ...answers[index],
  }));
}

/** Part of the time until the nodes have answered; Docker has all of it to answer for those that don't. */
const NODES_SHARE = 0.85;

/** The answers of these nodes, in their order. */
export async function askRegistered<Value>(
  target: Connected,
  nodes: readonly (Pick<RegisteredNode, "groupid" | "endpoint"> & { readonly label: string })[],
  statement: string,
): Promise<Pick<Asked<Value>, "value" | "failed">[]> {
  const { session, timeoutMs } = target;
  const workers = nodes.filter(({ groupid }) => groupid !== COORDINATOR_GROUP);
  let containers: Promise<Explanations> | undefined;
  const asking = askNodes(
    session,
    workers.map(({ endpoint }) => endpoint),
    statement,
    timeoutMs * NODES_SHARE,
    (failing, leftMs) => {
      const labels = workers.filter(({ endpoint }) => failing.includes(endpoint)).map(({ label }) => label);
      containers = askContainers(target, labels, leftMs + timeoutMs * (1 - NODES_SHARE));
    },
  );
  const [answers, [own]] = await Promise.all([asking, session.query<Record<string, string>>(statement)]);
  const heard = nodes.map((node) => {
    const { label } = node;
    const answer = answers[workers.indexOf(node)] ?? { value: Object.values(own ?? {})[0] ?? "null" };
    return "value" in answer
      ? { label, value: JSON.parse(answer.value) as Value }
      : { label, failed: answer.failed };
  });
  if (heard.every(({ failed }) => failed === undefined)) return heard;
  return explainFailed(heard, (await containers) ?? new Map());
}
