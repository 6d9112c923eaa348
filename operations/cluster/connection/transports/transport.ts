import type { Duplex } from "node:stream";

/** One way to get to the PostgreSQL port of a node. */
export interface Transport {
  readonly name: "direct" | "ssh" | "exec";
  /** For the output: `10.0.0.1:5432`, `ssh deploy@server-a to 10.0.0.1:5432`, `docker exec citus-coordinator`. */
  readonly description: string;
  /**
   * Opens a stream to the port.
   *
   * @throws TransportError, or ends the stream with one, when it can't
   */
  open(): Promise<Duplex>;
}

/** Why a transport does not lead to the server. */
export class TransportError extends Error {
  /**
   * @param transient whether it may pass while the server starts: refused or reset, but not an unknown name or a
   *   container that isn't running
   * @param settled whether it says of the server itself that no other transport leads to it either
   */
  constructor(
    message: string,
    readonly transient: boolean,
    readonly settled = false,
  ) {
    super(message);
    this.name = "TransportError";
  }
}
