import { setTimeout as sleep } from "node:timers/promises";
import { equivalent, refresh, resolve } from "./compare";
import { createBody, resourceLimits } from "./container-create";
import type { InspectedContainer } from "./container-inspect";
import { containerState, publishedPorts } from "./container-read";
import { containerSchema as schema } from "./container-schema";
import { DockerError, type DockerEngine } from "./docker-api";
import type { DockerClient } from "./docker-client";
import { entries, type Resource } from "./provider";
import { findImage } from "./registry";
import { withTimeout } from "./timeouts";
import { uploadArchive } from "./upload";
import { withoutUnknowns, type State } from "./wire";

const HEALTH_POLL_MS = 500;

/** What 4.5.0 changes in a running container; all else of the same kind is kept in the state alone. */
const UPDATED_IN_PLACE = [
  "restart",
  "max_retry_count",
  "cpu_shares",
  "cpu_set",
  "memory",
  "memory_reservation",
  "memory_swap",
];

/** Runs a step; its error says which one failed. */
async function step<Result>(what: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}

/** Runs a step for which an error with one of these texts means that there was nothing to do. */
async function stepUnless(what: string, work: Promise<unknown>, ...needless: string[]): Promise<void> {
  await step(what, work).catch((error: Error) => {
    if (!needless.some((text) => error.message.includes(text))) throw error;
  });
}

function inspect(engine: DockerEngine, id: string): Promise<InspectedContainer> {
  return engine.request<InspectedContainer>("GET", `/containers/${id}/json`);
}

async function connectNetworks(engine: DockerEngine, id: string, networks: State[]): Promise<void> {
  if (networks.length === 0) return;
  const leave = engine.request("POST", "/networks/bridge/disconnect", { body: { Container: id } });
  await stepUnless("Unable to disconnect the default network", leave, "is not connected to");
  for (const { name, aliases, ipv4_address, ipv6_address } of networks) {
    const EndpointConfig = {
      Aliases: aliases ?? [],
      IPAMConfig: { IPv4Address: ipv4_address ?? "", IPv6Address: ipv6_address ?? "" },
    };
    const join = engine.request("POST", `/networks/${encodeURIComponent(String(name))}/connect`, {
      body: { Container: id, EndpointConfig },
    });
    await step(`Unable to connect to network '${String(name)}'`, join);
  }
}

/** Neither an unhealthy container nor one that has ended is given up before `seconds` have passed, as in 4.5.0. */
async function waitUntilHealthy(engine: DockerEngine, id: string, seconds: number): Promise<void> {
  const giveUp = Date.now() + seconds * 1_000;
  for (;;) {
    const { Health: health } = (await inspect(engine, id)).State;
    if (!health) {
      throw new Error(
        "the container has no healthcheck to wait for: add a 'healthcheck' or remove the 'wait' argument",
      );
    }
    if (health.Status === "healthy") return;
    if (Date.now() > giveUp) {
      const last = health.Log?.at(-1)?.Output.trim() ?? "";
      throw new Error(
        `container failed to be in healthy state in ${seconds} s (wait_timeout): it is ${health.Status}\n${last}`,
      );
    }
    await sleep(HEALTH_POLL_MS);
  }
}

/** Standard output and error of a container that has ended, one after the other as they were written. */
async function logsOf(engine: DockerEngine, id: string, tty: boolean): Promise<string> {
  const raw = await engine.bytes("GET", `/containers/${id}/logs`, { query: { stdout: true, stderr: true } });
  if (tty) return raw.toString();
  const chunks: Buffer[] = [];
  // Without a terminal each chunk has a header of 8 bytes: the stream and, in the last four, the length.
  for (let at = 0; at + 8 <= raw.length;) {
    const length = raw.readUInt32BE(at + 4);
    chunks.push(raw.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(chunks).toString();
}

/** The ports in the order of the configuration, so that those which Docker chose find their place. */
function portsAsPlanned(planned: State, container: InspectedContainer): State[] {
  const published = publishedPorts(container);
  return entries(planned.ports).map(
    (port) =>
      published.find((found) => found.internal === port.internal && found.protocol === port.protocol) ?? {},
  );
}

/** docker_container. */
export const containerResource: Resource<DockerClient> = {
  schema,
  importable: true,

  async create(client, planned, exists) {
    const engine = withTimeout(await client.engine(), planned, "create");
    const wanted = withoutUnknowns(planned) as State;
    const image = findImage(engine, String(wanted.image), client.registries);
    await step(`Unable to create container with image ${String(wanted.image)}`, image);
    const body = createBody(wanted, engine.apiVersion);
    const making = engine.request<{ Id: string }>("POST", "/containers/create", {
      query: { name: String(wanted.name) },
      body,
    });
    const { Id: id } = await step("Unable to create container", making);
    exists({ id });
    await connectNetworks(engine, id, entries(wanted.networks_advanced));
    for (const upload of entries(wanted.upload)) {
      const unpack = engine.request("PUT", `/containers/${id}/archive`, {
        query: { path: "/" },
        body: uploadArchive(upload),
      });
      await step("Unable to upload volume content", unpack);
    }
    if (wanted.start === true) {
      await step("Unable to start container", engine.request("POST", `/containers/${id}/start`));
      if (wanted.wait === true) await waitUntilHealthy(engine, id, Number(wanted.wait_timeout));
    }
    let logs: string | null = null;
    if (wanted.attach === true) {
      await step("Unable to wait for the container's end", engine.request("POST", `/containers/${id}/wait`));
      if (wanted.logs === true) logs = await logsOf(engine, id, wanted.tty === true);
    }
    const container = await inspect(engine, id);
    const actual = { ...containerState(container, wanted), ports: portsAsPlanned(planned, container) };
    return resolve(planned, { ...actual, container_logs: logs }) as State;
  },

  async read(client, state) {
    const engine = await client.engine();
    const container = await engine.find<InspectedContainer>(
      `/containers/${encodeURIComponent(String(state.id))}/json`,
    );
    // 4.5.0 compares whole ids: a container can't be imported by its name or short id.
    if (!container || container.Id !== state.id) return null;
    return refresh(schema, state, containerState(container, state));
  },

  async update(client, prior, planned) {
    const engine = withTimeout(await client.engine(), planned, "update");
    const path = `/containers/${String(prior.id)}`;
    if (prior.must_run !== true && planned.must_run === true && planned.start === true) {
      await step("Unable to start container", engine.request("POST", `${path}/start`));
    }
    const changed = UPDATED_IN_PLACE.some(
      (name) => !equivalent(schema, name, prior[name] ?? null, planned[name] ?? null),
    );
    if (changed) {
      const update = engine.request("POST", `${path}/update`, { body: resourceLimits(planned) });
      await step("Unable to update a container", update);
    }
    return planned;
  },

  async delete(client, state) {
    const engine = withTimeout(await client.engine(), state, "delete");
    const id = String(state.id);
    if (state.attach !== true) {
      // Without destroy_grace_seconds the container is killed at once: its own stop_timeout isn't used.
      const query = { t: Math.max(0, Number(state.destroy_grace_seconds ?? 0)) };
      const stop = engine.request("POST", `/containers/${id}/stop`, { query });
      await stepUnless(`Error stopping container ${id}`, stop, "No such container");
    }
    const remove = engine.request("DELETE", `/containers/${id}`, {
      query: { v: state.remove_volumes === true, force: true },
    });
    await stepUnless(`Error deleting container ${id}`, remove, "No such container", "is already in progress");
    try {
      await engine.request("POST", `/containers/${id}/wait`, { query: { condition: "removed" } });
    } catch (error) {
      if (!(error instanceof DockerError && error.status === 404)) throw error;
    }
  },
};
