import { DEFAULT_IMAGE } from "../model/cluster";
import { local } from "../environments/local";
import { Failure } from "../operations/base/failure";
import { runCdktf } from "./cdktf";
import { type Context, environmentVariables, localCluster, localSocket } from "./context";
import { ensureEngine } from "./engine";
import { imageTags } from "./images";
import { readStateIds, stateOfLocal, takeInventory } from "./inventory";
import { chooseParts, type Parts } from "./parts";
import { choosePassword } from "./password";
import { choosePort, isPortFree } from "./port";
import { hasLeftovers, recoverLeftovers } from "./recover";
import { type QuickstartRecord, readRecord, record } from "./record";
import { describeResult } from "./summary";

/** Puts the cluster of environments/local.ts up, or brings it up to date; a repeat changes nothing. */
export async function up(context: Context): Promise<void> {
  const socket = localSocket();
  await ensureEngine(context, socket);
  const earlier = readRecord(context.root);
  const names = localCluster(earlier.port ?? 0, local.image ?? DEFAULT_IMAGE);
  const inventory = await takeInventory(names, readStateIds(stateOfLocal(context.root)), socket);
  const leftovers = hasLeftovers(inventory);
  const port = await choosePort({
    requested: process.env.PGDIST_LOCAL_PORT,
    recorded: earlier.port,
    current: inventory.port,
    isFree: isPortFree,
  });
  const password = choosePassword(context.root, inventory.inState);
  // The parts that a cluster was made of are the ones that it goes on with.
  if (inventory.inState && earlier.parts !== undefined) process.env.PGDIST_PARTS ||= earlier.parts;

  const tags = await imageTags(socket);
  const parts = await chooseParts(context);
  try {
    context.print(parts.banner);
    if (inventory.inState) refuseOtherImage(earlier, parts);
    record(context.root, {
      port,
      image: parts.image,
      standIn: parts.standIns.image,
      parts: process.env.PGDIST_PARTS || "auto",
      ...(parts.standIns.image && !tags.has(parts.image) ? { imageMade: parts.image } : {}),
    });
    const cluster = localCluster(port, parts.image);
    const workers = cluster.nodes.length - 1;
    const env = { ...parts.env, ...environmentVariables(port, parts.image, password.value) };
    if (leftovers) await recoverLeftovers(context, inventory, env);
    context.say(`deploying: coordinator on 127.0.0.1:${port}, ${workers} worker${workers === 1 ? "" : "s"}`);
    await runCdktf(context, { action: "deploy", args: parts.cdktfArgs, env });
    context.say("the cluster is up");
    context.print(await describeResult({ cluster, port, password, standIns: parts.standIns }, context.say));
  } finally {
    await parts.stop();
  }
}

function refuseOtherImage(earlier: QuickstartRecord, { image, standIns }: Parts): void {
  if (earlier.standIn === undefined || earlier.standIn === standIns.image) return;
  throw new Failure(
    `the cluster runs ${earlier.image ?? "another image"}${earlier.standIn ? ", a stand-in" : ""}, and now it would be ${image}`,
    "destroy it first (npm run quickstart -- --destroy): one can't read the other's data",
  );
}
