import { formatEndpoint } from "../../../../model/cluster";
import { failed, ok } from "../finding";
import { runs } from "../container-runs";
import { isInspected } from "../inspection";
import type { NodeCheck } from "./check";
import { deployOf } from "../../../base/remedy";

/** Whether a node's port is published as declared, and if not, who has it. */
export const checkPort: NodeCheck = ({ node, container }, { hosts, cluster }) => {
  const { published } = node;
  const host = hosts.find(({ host: { id } }) => id === node.host);
  if (published === undefined || host === undefined) return [];
  if (container !== "missing" && !isInspected(container)) return [];
  const place = { check: "port", where: node.id };
  const wanted = formatEndpoint({ host: published.ip, port: published.port });
  const same = (ip: string, port: number) => port === published.port && covers(ip, published.ip);
  if (isInspected(container) && container.ports.some(({ ip, port }) => same(ip, port))) {
    return [ok(place, `published on ${wanted}`)];
  }
  const occupant = host.published?.find(
    (other) => other.container !== node.container && same(other.ip, other.port),
  );
  if (occupant !== undefined) {
    return [
      failed(
        place,
        `${wanted} is taken by the container ${occupant.container}`,
        "remove that container, or give the node another `port`",
      ),
    ];
  }
  const listener = host.system?.listening?.find(({ host: ip, port }) => same(ip, port));
  if (listener !== undefined) {
    return [
      failed(
        place,
        `${wanted} is taken by a program on the server (listens on ${formatEndpoint(listener)})`,
        `see which: sudo ss -ltnp 'sport = :${published.port}' there (often a PostgreSQL of the system); stop it, or give the node another \`port\``,
      ),
    ];
  }
  if (container === "missing" || !runs(container)) return [ok(place, `${wanted} is free`)];
  const instead = container.ports.map(({ ip, port }) => formatEndpoint({ host: ip, port })).join(", ");
  return [
    failed(
      place,
      `${wanted} is not published${instead === "" ? "" : `, but ${instead}`}`,
      `a changed port takes effect when the container is replaced: ${deployOf(cluster.environment)}`,
    ),
  ];
};

/** Whether something bound to `ip` has the address `wanted`, or would keep it from being bound. */
function covers(ip: string, wanted: string): boolean {
  const any = (each: string) => ["0.0.0.0", "::", "*", ""].includes(each);
  return ip === wanted || any(ip) || any(wanted);
}
