import { Failure, oneLine } from "../operations/base/failure";
import { run } from "../testbed/command";
import { engineGet } from "../testbed/engine";
import type { Context } from "./context";

/** The tags of all images that an engine has. */
export async function imageTags(socketPath: string): Promise<ReadonlySet<string>> {
  const { status, body } = await engineGet("/images/json", { socketPath });
  if (status !== 200)
    throw new Failure(`the Docker engine answers HTTP ${status} to /images/json`, body.trim());
  const images = JSON.parse(body) as { RepoTags: string[] | null }[];
  return new Set(images.flatMap(({ RepoTags }) => RepoTags ?? []));
}

/** Removes an image that quickstart made; one that others use meanwhile stays. */
export async function removeImage(context: Context, socketPath: string, tag: string): Promise<void> {
  if (!(await imageTags(socketPath)).has(tag)) return;
  try {
    await run("docker", ["--host", `unix://${socketPath}`, "image", "rm", tag]);
    context.say(`removed the image ${tag}`);
  } catch (error) {
    context.say(`the image ${tag} stays: ${oneLine(error)}`);
  }
}
