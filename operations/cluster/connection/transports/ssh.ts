import type { ClusterHost, Endpoint } from "../../../../model/cluster";
import type { Caller } from "../../../base/caller/caller";
import { formatEndpoint } from "../../../../model/cluster";
import { tellingLines } from "../../../docker/engine/explain-ssh";
import { openSsh } from "../../../docker/open-ssh";
import { describeSsh } from "../../../docker/ssh";
import { type Transport, TransportError } from "./transport";

/** The server's ssh daemon connects to the published port for us. */
export function sshTransport(host: ClusterHost, endpoint: Endpoint, { env }: Caller): Transport {
  const target = formatEndpoint(endpoint);
  return {
    name: "ssh",
    description: `${describeSsh(host)} to ${target}`,
    open: async () =>
      openSsh(host, {
        options: ["-W", target],
        env,
        cannotRun: (error) => new TransportError(`can't run ssh: ${error.message}`, false),
        explain,
      }),
  };
}

function explain(stderr: string, code: number | null): TransportError {
  const text = tellingLines(stderr) || `ssh ended with ${code ?? "a signal"}`;
  // Of these only the server behind the tunnel can come up by itself; ssh's own refusals stay.
  return new TransportError(
    text,
    /open failed: connect failed: Connection refused|Connection refused$/.test(text),
  );
}
