import { ownerOf, resourceAt } from "../../../model/contract/resource";
import { advise, commandIn } from "../../base/remedy";
import type { Explain } from "./known";
import { textOf } from "./known";

/** `Conflict. The container name "/citus-worker1" is already in use by container "..."` */
const CONTAINER = /[Cc]ontainer name "\/?([^"]+)" is already in use/;

const NETWORK = /network with name (\S+) already exists/;

/** What a killed apply, or one whose state is lost, has left on a Docker host. */
export const explainLeftover: Explain = (diagnostic, { environment }) => {
  const text = textOf(diagnostic);
  const names = { container: CONTAINER.exec(text)?.[1], network: NETWORK.exec(text)?.[1] };
  const [found] = Object.entries(names).filter(([, name]) => name !== undefined);
  if (found === undefined) return undefined;
  const what = found.join(" ");
  const remedy = advise`${commandIn({ environment }, "recover")} adopts it into the state, or removes it`;
  const owner = ownerOf(resourceAt(diagnostic.address ?? ""));
  return {
    what: `${owner === undefined ? "" : `${owner}: `}${what} already exists, but is not in Terraform's state: an apply was killed, or the state was lost`,
    remedy,
  };
};
