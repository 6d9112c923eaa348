import { hostOfResource, resourceAt } from "../../../model/contract/resource";
import { shorten } from "../../base/columns";
import { advise, commandIn } from "../../base/remedy";
import { type Explain, textOf } from "./known";

/** What the provider, Docker's client and ssh say when an engine can't be asked. */
const UNREACHABLE =
  /Error pinging Docker server|Cannot connect to the Docker daemon|error during connect|failed to connect to the docker API/i;

/** The provider names the connection of its configuration. */
const CONNECTION = /please make sure that (\S+) is reachable/;

/** Behind all that is told of the way there, the words of whoever failed. */
const CAUSES = [
  /stderr=(.+)$/,
  /(Cannot connect to the Docker daemon.*)$/,
  /(?:_ping"|\/info"|\/version"): (.+)$/,
  / Error: (.+)$/,
];

const LONGEST_CAUSE = 200;

/** A Docker host that doesn't answer: each of its resources gives the same error. */
export const explainUnreachable: Explain = (diagnostic, { environment }) => {
  const text = textOf(diagnostic);
  if (!UNREACHABLE.test(text)) return undefined;
  const host = hostOfResource(resourceAt(diagnostic.address ?? ""));
  const connection = CONNECTION.exec(text)?.[1];
  const cause = CAUSES.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined) ?? text;
  const at = connection === undefined ? "" : ` at ${connection}`;
  return {
    what: `Docker host ${host ?? "of a provider"}${at} can't be reached: ${shorten(cause, LONGEST_CAUSE)}`,
    remedy: advise`${commandIn({ environment }, "doctor", "--quiet")} says why not, and what to do`,
  };
};
