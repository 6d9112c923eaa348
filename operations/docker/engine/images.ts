import type { Engine } from "./engine";
import { EngineError, ifFound } from "./engine-failure";
import { registryAuth } from "./registry-auth";

/** How long a pull may take. In milliseconds. */
const PULL_MS = 20 * 60_000;

export interface ImageJson {
  readonly Id: string;
  /** `repository@sha256:...` each: as registries have it. None where it was built or loaded here. */
  readonly RepoDigests?: readonly string[] | null;
  /** Digests of its layers' contents, which every engine calculates alike. */
  readonly RootFS?: { readonly Layers?: readonly string[] | null } | null;
  readonly Config: { readonly Env: readonly string[] | null } | null;
}

/** Undefined where the engine has none of this name. */
export function inspectImage(
  engine: Engine,
  image: string,
  timeout?: number,
): Promise<ImageJson | undefined> {
  // A name may have slashes, which belong to the path.
  const path = `/images/${image.split("/").map(encodeURIComponent).join("/")}/json`;
  return ifFound(engine.json<ImageJson>({ operation: "image inspect", path, timeout }));
}

/** How much of a pull is here, in bytes; the total grows while its layers become known. */
export interface Pulled {
  readonly current: number;
  readonly total: number;
}

interface Step {
  readonly id?: string;
  readonly error?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

/**
 * Pulls an image, with what `docker login` has stored where the docker command would look for it.
 *
 * @throws EngineFailure, also where the registry has none
 */
export async function pullImage(
  engine: Engine,
  image: string,
  onProgress: (pulled: Pulled) => void,
): Promise<void> {
  const operation = "pull";
  const { name, tag } = splitImage(image);
  const auth = await registryAuth(engine, name);
  const response = await engine.stream({
    ...{ operation, method: "POST", path: "/images/create", query: { fromImage: name, tag } },
    headers: auth === undefined ? {} : { "X-Registry-Auth": auth },
    timeout: PULL_MS,
  });
  const timer = setTimeout(() => response.destroy(new EngineError("timeout", "no answer in time")), PULL_MS);
  const layers = new Map<string, Pulled>();
  try {
    for await (const line of linesOf(response)) {
      const { id = "", error, progressDetail } = JSON.parse(line) as Step;
      if (error !== undefined) throw new EngineError("refused", error);
      const { current, total } = progressDetail ?? {};
      if (current === undefined || total === undefined) continue;
      layers.set(id, { current, total });
      const sum = (part: keyof Pulled) => [...layers.values()].reduce((all, layer) => all + layer[part], 0);
      onProgress({ current: sum("current"), total: sum("total") });
    }
  } catch (error) {
    response.destroy();
    throw engine.failure(operation, error);
  } finally {
    clearTimeout(timer);
  }
}

/** The engine takes a digest as a tag, and without one pulls all tags. */
function splitImage(image: string): { name: string; tag: string } {
  const [named = "", digest] = image.split("@");
  const [, name = named, tag = "latest"] = /^(.+):([^/:]+)$/.exec(named) ?? [];
  return { name, tag: digest ?? tag };
}

async function* linesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let begun = "";
  for await (const chunk of stream) {
    const lines = (
      begun + (typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }))
    ).split("\n");
    begun = lines.pop() ?? "";
    yield* lines.filter((line) => line.trim() !== "");
  }
  if (begun.trim() !== "") yield begun;
}
