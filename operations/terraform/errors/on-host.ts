import { hostOfResource, ownerOf, resourceAt } from "../../../model/contract/resource";
import { shorten } from "../../base/columns";
import { AGAIN, advise, commandIn } from "../../base/remedy";
import { type Explain, type Explained, type Occurrence, textOf } from "./known";

interface Known {
  readonly pattern: RegExp;
  readonly explain: (match: RegExpExecArray, of: Named, at: Occurrence) => Explained;
}

/** The resource that failed, as people call it. */
interface Named {
  /** Its node, else its Docker host, else its address. */
  readonly label: string;
  readonly host: string;
}

const LONGEST_CAUSE = 200;

const KNOWN: readonly Known[] = [
  {
    pattern:
      /(?:Bind for|listen tcp[46]?|failed to bind host port for) (\S+?)(?: failed)?: .*?(?:port is already allocated|address already in use)/,
    explain: ([, place = ""], { label, host }) => ({
      what: `${label}: port ${place} of Docker host ${host} is taken`,
      remedy: advise`see there what uses it (ss -ltnp), and stop that or give the node another port; where two nodes swap ports, ${AGAIN}: each apply sets those that are free by then`,
    }),
  },
  {
    pattern: /cannot assign requested address/,
    explain: (_match, { label, host }) => ({
      what: `${label}: Docker host ${host} has no such address to publish a port on`,
      remedy: "correct `bindAddress` (or `address`) of that host in the environment",
    }),
  },
  {
    pattern: /unable to (?:find or )?pull image (\S+?):? (.*)$/,
    explain: ([, image = "", cause = ""], { host }) => ({
      what: `Docker host ${host} can't pull image ${image}: ${shorten(cause.replace(/^.*Error response from daemon: /, ""), LONGEST_CAUSE)}`,
      remedy:
        "correct `image`, or load it on that host: `docker pull` there, or `docker save ... | ssh ... docker load`",
    }),
  },
  {
    pattern: /Pool overlaps with other one on this address space/,
    explain: (_match, { host }) => ({
      what: `Docker host ${host}: another network there overlaps the cluster's subnet`,
      remedy: 'give the host another one, e.g. `subnet: "10.90.7.0/24"` in `hosts`',
    }),
  },
  {
    pattern: /failed to mount local volume: mount (\S+?):.*no such file or directory/,
    explain: ([, folder = ""], { label, host }) => ({
      what: `${label}: ${folder}, which its dataPath names, does not exist on Docker host ${host}`,
      remedy: "create the directory there, or mount the disk that has it",
    }),
  },
  {
    pattern: /failed to be in healthy state|timeout while waiting for state to become/,
    explain: (_match, { label }, { environment }) => ({
      what: `${label}: the container is running, but its server did not become healthy in time`,
      remedy: advise`see its log: ${commandIn({ environment }, "logs", label)}; if its first start was cut off, ${commandIn({ environment }, "recover")} repairs that`,
    }),
  },
  {
    pattern: /Error loading Docker context/i,
    explain: () => ({
      what: "DOCKER_CONTEXT in this shell names a context that does not exist on this machine",
      remedy: "unset it: the environment says where its Docker hosts are",
    }),
  },
];

/** What Docker on a host could not do. */
export const explainOnHost: Explain = (diagnostic, at) => {
  const text = textOf(diagnostic);
  for (const { pattern, explain } of KNOWN) {
    const match = pattern.exec(text);
    if (match !== null) return explain(match, nameOf(diagnostic.address ?? ""), at);
  }
  return undefined;
};

function nameOf(address: string): Named {
  const resource = resourceAt(address);
  return { label: ownerOf(resource) ?? address, host: hostOfResource(resource) ?? "of a provider" };
}
