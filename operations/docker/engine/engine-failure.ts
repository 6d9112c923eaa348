import { Failure } from "../../base/failure";

/** Why a Docker engine did not do what it was asked. */
export type EngineErrorCode =
  // What the engine itself says.
  | "not-found"
  /** It is in use, or in a state in which this can't be done: a container that does not run takes no exec. */
  | "conflict"
  /** The engine finds the request wrong. */
  | "refused"
  /** The engine can't do this here, as a log driver that gives nothing back. */
  | "unsupported"
  /** The engine tried and failed. */
  | "engine-error"
  // What is in between says it: somebody is there.
  /** No engine listens at its socket. */
  | "engine-down"
  /** Its socket is not this user's to open. */
  | "forbidden"
  /** Nothing listens on the port of the engine or of sshd. */
  | "connection-refused"
  | "connection-lost"
  | "tls"
  /** sshd takes none of the keys. */
  | "ssh-refused"
  /** ssh ignores the key's file, since others may read it. */
  | "ssh-key-file"
  /** The server's host key is unknown. */
  | "ssh-host-key"
  /** It is another than it was. */
  | "ssh-host-key-changed"
  /** The server has no docker command, which is what ssh starts there. */
  | "docker-missing"
  // Nobody says anything.
  | "unknown-name"
  | "no-route"
  | "timeout"
  // This machine can't ask.
  /** There is no ssh command here. */
  | "ssh-missing"
  /** ssh ended for another reason. */
  | "ssh-failed"
  /** Certificate or key of a TLS connection are not in the environment variables. */
  | "tls-material"
  /** None of these. */
  | "failed";

/** Why, in the words of whoever said it. */
export class EngineError extends Error {
  constructor(
    readonly code: EngineErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "EngineError";
  }
}

/** An `EngineError` for a person: on which Docker host, at what, and what to do. */
export class EngineFailure extends Failure {
  constructor(
    readonly code: EngineErrorCode,
    summary: string,
    remedy: string,
    /** The words of whoever said it. */
    readonly said: string,
    options?: { readonly cause?: unknown },
  ) {
    super(summary, remedy, options);
    this.name = "EngineFailure";
  }
}

/** Whether the engine said that there is no such container, image, volume or network. */
export function isNotFound(error: unknown): boolean {
  return error instanceof EngineFailure && error.code === "not-found";
}

/** Waits for something that may not be there; undefined where the engine says so. */
export function ifFound<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  return unless(isNotFound, answer);
}

/** Undefined where the engine gives no answer, or not what was asked for: then nothing is known, and nothing proven. */
export function ifAnswered<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  return unless((error) => error instanceof EngineFailure, answer);
}

async function unless<Answer>(
  expected: (error: unknown) => boolean,
  answer: Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (expected(error)) return undefined;
    throw error;
  }
}
