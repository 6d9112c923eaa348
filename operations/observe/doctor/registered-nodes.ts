import type { Cluster } from "../../../model/cluster";
import { type NodeView, viewNodes } from "../../cluster/nodes/view";
import type { CoordinatorFacts, RecordedRow, RegisteredRow } from "./facts";

type Row = RegisteredRow & { readonly endpoint: { readonly host: string; readonly port: number } };

/** The declared and the registered nodes, as the other commands name them. */
export function viewRegistered(
  cluster: Cluster,
  { nodes, record, said }: CoordinatorFacts,
): NodeView<Row, RecordedRow>[] {
  const registered = nodes.map((node) => ({ ...node, endpoint: { host: node.host, port: node.port } }));
  return viewNodes({ cluster, record: new Map(record.map((each) => [each.id, each])), registered }, said);
}
