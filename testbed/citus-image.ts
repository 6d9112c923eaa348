import { run } from "./command";
import { engineGet, LOCAL_SOCKET } from "./engine";
import type { HostImage } from "./image-template";
import type { PartsMode } from "./parts-mode";
import { buildStandInImage } from "./stand-in-image/build";

/** The image that the cluster's nodes run. */
export const CITUS_IMAGE = "citusdata/citus:13.0.3";

const STAND_IN_LABEL = "pg-dist.stand-in";
// What an engine says when it can't get through to a registry, as opposed to what a registry answers.
const UNREACHABLE = new RegExp(
  "no such host|server misbehaving|connection refused|connection reset|network is unreachable|no route to host|" +
    "i/o timeout|TLS handshake timeout|Client.Timeout|context deadline exceeded|: EOF",
);

export interface CitusImage extends HostImage {
  kind: "real" | "stand-in";
  /** Where it comes from, and for a stand-in why. */
  from: string;
}

/**
 * The Citus image: the one that the local engine has, else the registry's, else a stand-in.
 *
 * @throws when the registry answers with an error: that is no reason to stand in
 */
export async function findCitusImage(mode: PartsMode, log: (line: string) => void): Promise<CitusImage> {
  if (mode === "stand-in") return standIn("asked for by PGDIST_PARTS=stand-in", log);
  if (await isInEngine()) return { kind: "real", tag: CITUS_IMAGE, from: "the local engine" };
  const unreachable = await askImageRegistry();
  if (unreachable === undefined) {
    log(`pulling ${CITUS_IMAGE}`);
    await run("docker", ["--host", `unix://${LOCAL_SOCKET}`, "pull", "--quiet", CITUS_IMAGE]);
    return { kind: "real", tag: CITUS_IMAGE, from: "its registry" };
  }
  if (mode === "real") {
    throw new Error(
      `PGDIST_PARTS=real, but the image ${CITUS_IMAGE} is neither in the local engine nor can its registry be ` +
        `reached. Pull or load it, or use PGDIST_PARTS=auto.\n${unreachable}`,
    );
  }
  return standIn(`its registry can't be reached: ${unreachable}`, log);
}

async function isInEngine(): Promise<boolean> {
  const { status, body } = await engineGet(`/images/${CITUS_IMAGE}/json`);
  if (status === 404) return false;
  if (status !== 200)
    throw new Error(`The local Docker engine can't show ${CITUS_IMAGE}: HTTP ${status} ${body}`);
  const image = JSON.parse(body) as { Config?: { Labels?: Record<string, string> | null } };
  return image.Config?.Labels?.[STAND_IN_LABEL] === undefined;
}

/**
 * Whether the image can be had from its registry; the engine asks, with its own proxies.
 *
 * @returns undefined when it can, else why the registry can't be reached
 * @throws when the registry answers with an error
 */
export async function askImageRegistry(engine = LOCAL_SOCKET): Promise<string | undefined> {
  const answer = await engineGet(`/distribution/${CITUS_IMAGE}/json`, {
    socketPath: engine,
    timeout: 60_000,
  }).catch((error: Error) => ({ status: 0, body: error.message }));
  if (answer.status === 200) return undefined;
  const said = messageOf(answer.body);
  if (answer.status === 0 || UNREACHABLE.test(said)) return said;
  throw new Error(
    `The registry of ${CITUS_IMAGE} answers with an error: HTTP ${answer.status}, ${said}\n` +
      "Log in, wait or load the image; PGDIST_PARTS=stand-in runs without it.",
  );
}

function messageOf(body: string): string {
  try {
    return (JSON.parse(body) as { message: string }).message.trim();
  } catch {
    return body.trim();
  }
}

async function standIn(from: string, log: (line: string) => void): Promise<CitusImage> {
  const { tag } = await buildStandInImage(log);
  return { kind: "stand-in", tag, alsoAs: [CITUS_IMAGE], from };
}
