import { rmSync } from "node:fs";
import { DEFAULT_IMAGE, POSTGRES_PORT } from "../model/cluster";
import { local } from "../environments/local";
import { runCdktf } from "./cdktf";
import { type Context, environmentVariables, localCluster, localSocket } from "./context";
import { ensureEngine } from "./engine";
import { stopEngine } from "./engine-process";
import { removeImage } from "./images";
import { readStateIds, stateOfLocal, takeInventory } from "./inventory";
import { chooseParts } from "./parts";
import { forgetPassword, passwordToDestroy } from "./password";
import { hasLeftovers, recoverLeftovers } from "./recover";
import { forgetRecord, type QuickstartRecord, readRecord } from "./record";

/** Takes away what `up` made: the cluster with its data, a stand-in image, and the engine if quickstart started it. */
export async function down(context: Context): Promise<void> {
  const earlier = readRecord(context.root);
  const hasCluster = [...readStateIds(stateOfLocal(context.root)).values()].some(({ size }) => size > 0);
  if (!hasCluster && Object.keys(earlier).length === 0) {
    context.say("nothing to remove: this checkout's state has no cluster, and quickstart started no engine");
    return;
  }
  if (hasCluster) await destroyCluster(context, earlier);
  if (earlier.imageMade !== undefined) await removeImage(context, localSocket(), earlier.imageMade);
  const { engine } = readRecord(context.root); // may have been started just now, to take the cluster away
  if (engine !== undefined) await stopEngine(context, engine);
  for (const file of ["", ".backup"]) rmSync(`${stateOfLocal(context.root)}${file}`, { force: true });
  forgetPassword(context.root);
  forgetRecord(context.root);
  context.say("everything is removed, except images that were pulled or loaded");
}

async function destroyCluster(context: Context, earlier: QuickstartRecord): Promise<void> {
  const socket = localSocket();
  await ensureEngine(context, socket);
  const port = earlier.port ?? POSTGRES_PORT;
  // A stand-in's tag is no environment's own; any other may have been corrected in the file meanwhile.
  const image = (earlier.standIn ? earlier.image : local.image) ?? DEFAULT_IMAGE;
  const stateIds = readStateIds(stateOfLocal(context.root));
  const inventory = await takeInventory(localCluster(port, image), stateIds, socket);
  if (earlier.parts !== undefined) process.env.PGDIST_PARTS ||= earlier.parts;
  const parts = await chooseParts(context);
  try {
    context.print(parts.banner);
    const env = {
      ...parts.env,
      ...environmentVariables(port, image, passwordToDestroy(context.root)),
      PGDIST_DESTROY: local.name,
    };
    // Containers that the state doesn't know would hold on to its volumes and network.
    if (hasLeftovers(inventory)) await recoverLeftovers(context, inventory, env);
    context.say("destroying the cluster with its data");
    await runCdktf(context, { action: "destroy", args: parts.cdktfArgs, env });
  } finally {
    await parts.stop();
  }
}
