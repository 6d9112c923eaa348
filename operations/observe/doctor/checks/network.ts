import { failed, ok, warning } from "../finding";
import type { HostCheck } from "./check";
import { remakeNetworkRemedy } from "../../../cluster/nodes/remedies";
import { deployOf } from "../../../base/remedy";

/** The cluster's subnet on a host against the server's other IPv4 routes. */
export const checkNetwork: HostCheck = ({ host, network, subnet, system, containers }, { cluster }) => {
  const place = { check: "network", where: host.id };
  if (containers.length === 0) return [];
  const { name, environment } = cluster;
  const own = network?.subnets.find((each) => !each.includes(":")) ?? subnet;
  const bridge = network === undefined ? undefined : `br-${network.id.slice(0, 12)}`;
  const others = (system?.routes ?? []).filter(
    (route) => route.device !== bridge && route.subnet !== "default" && overlap(route.subnet, own),
  );
  const [other] = others;
  if (other !== undefined) {
    const seen = `${own} overlaps the route ${other.subnet} of ${other.device}: the nodes don't reach what is behind it`;
    const set = "set `subnet` of this host to a free one";
    if (network === undefined) return [failed(place, seen, `${set}, then ${deployOf(environment)}`)];
    // A later `subnet` is ignored while the network is there (constructs/docker-host.ts).
    const remake = remakeNetworkRemedy(
      { name, environment },
      containers.map((container) => ({ container })),
      { isThere: true },
    );
    return [warning(place, seen, `${set}; then, as a network keeps its own, ${remake}`)];
  }
  return [ok(place, network === undefined ? `${own} is free; an apply makes the network` : own)];
};

/** Whether two IPv4 subnets share an address; an address alone is a subnet of itself. */
export function overlap(a: string, b: string): boolean {
  const [one, two] = [parse(a), parse(b)];
  if (one === undefined || two === undefined) return false;
  const bits = Math.min(one.bits, two.bits);
  const size = 2 ** (32 - bits);
  return Math.floor(one.address / size) === Math.floor(two.address / size);
}

function parse(subnet: string): { address: number; bits: number } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(subnet);
  if (match === null) return undefined;
  const [, a, b, c, d, bits = "32"] = match;
  return { address: [a, b, c, d].reduce((sum, part) => sum * 256 + Number(part), 0), bits: Number(bits) };
}
