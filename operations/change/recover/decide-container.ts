import { isCoordinatorId } from "../../../model/contract/node-id";
import { formatEndpoint } from "../../../model/cluster";
import type { Action, Subject } from "./action";
import type { DeclaredContainer, FoundContainer, HostInventory, Situation } from "./situation";
import { LABEL } from "../../../model/contract/labels";
import { commandIn, typed } from "../../base/remedy";

/** The declared node that a container is: by its name and its labels. */
export function findDeclared(
  situation: Situation,
  host: string,
  found: FoundContainer,
): DeclaredContainer | undefined {
  return situation.declared.containers.find(
    (declared) =>
      declared.host === host &&
      declared.name === found.name &&
      isOurs(situation, found) &&
      found.labels[LABEL.node] === declared.node,
  );
}

function isOurs({ cluster, environment }: Situation, { labels }: FoundContainer): boolean {
  return labels[LABEL.cluster] === cluster && labels[LABEL.environment] === environment;
}

/** What to do with a container, and with the volumes that are removed with it or asked about because of it. */
export function decideContainer(
  situation: Situation,
  inventory: HostInventory,
  found: FoundContainer,
): Action[] {
  const declared = findDeclared(situation, inventory.host, found);
  if (declared !== undefined) return decideDeclared(situation, inventory, declared, found);
  if (isOurs(situation, found)) return decideUndeclared(situation, inventory, found);
  const nameTaken = situation.declared.containers.some(
    ({ host, name }) => host === inventory.host && name === found.name,
  );
  if (!nameTaken) return [];
  const environment = found.labels[LABEL.environment];
  return [
    leave(
      subjectOf(inventory, found),
      environment === undefined
        ? "not made by pg-dist, and the configuration needs its name: rename or remove it"
        : `belongs to environment ${environment}, and the configuration needs its name: give one of the two clusters another`,
    ),
  ];
}

function decideDeclared(
  situation: Situation,
  inventory: HostInventory,
  declared: DeclaredContainer,
  found: FoundContainer,
): Action[] {
  const subject = subjectOf(inventory, found);
  const known = situation.state.some(({ type, id }) => type === "docker_container" && id === found.id);
  const unfinished = found.initialisation === "unfinished";
  const typed = situation.removeVolumes.filter((name) => declared.volumes.includes(name));
  if (unfinished || typed.length > 0) {
    const why = unfinished ? "its first initialisation never ended" : `--remove-volume ${typed.join(", ")}`;
    return remake(situation, inventory, declared, found, why);
  }
  if (known) return [];
  if (found.initialisation === "running") {
    return [leave(subject, "its first initialisation still runs: wait until it ends and recover again")];
  }
  if (!found.networks.includes(declared.network)) {
    return found.startedAt === undefined
      ? [
          remove(
            subject,
            found.id,
            `never started and not on network ${declared.network}: its creation was cut off`,
          ),
        ]
      : [
          leave(
            subject,
            `not on network ${declared.network}: connect it (docker network connect), then recover again`,
          ),
        ];
  }
  const replacesEntry = situation.state.some(({ address }) => address === declared.address);
  const entry = replacesEntry ? "the state has an older one" : "not in the state";
  const start =
    found.status === "running" || found.status === "restarting" ? "" : `; ${found.status}: it is started`;
  const ill = start === "" && !found.healthy ? "; it runs but is not healthy" : "";
  return [
    {
      ...{ ...subject, action: "adopt", address: declared.address, id: found.id, replacesEntry },
      reason: `${entry}${start}${ill}`,
    },
  ];
}

/** A declared node without anything of worth: container and volumes go, and the next apply makes them anew. */
function remake(
  situation: Situation,
  inventory: HostInventory,
  declared: DeclaredContainer,
  found: FoundContainer,
  why: string,
): Action[] {
  const subject = subjectOf(inventory, found);
  const volumes = situation.declared.volumes.filter(
    ({ host, name }) => host === inventory.host && declared.volumes.includes(name),
  );
  const present = volumes.filter(({ name }) => inventory.volumes.includes(name));
  const coordinator = declared.role === "coordinator" && found.initialisation !== "unfinished";
  const obstacle = coordinator
    ? "the coordinator's volume is never removed by this command"
    : mayHoldData(situation, found, formatEndpoint(declared.endpoint));
  const devices = present.flatMap(({ device }) => device ?? []);
  if (obstacle === undefined && devices.length === 0) {
    return [
      remove(subject, found.id, `${why}: the next apply recreates it`),
      ...present.map(({ name }) => remove({ type: "volume", host: inventory.host, name }, name, why)),
    ];
  }
  // One whose first start was cut off has nothing to drain.
  const member = obstacle === REGISTERED && found.initialisation !== "unfinished";
  const directories = devices.length === 0 ? "" : `, empty ${devices.join(" and ")} of the server`;
  const commands = [
    `docker rm -f ${found.name}`,
    ...(present.length === 0 ? [] : [`docker volume rm ${present.map(({ name }) => name).join(" ")}`]),
  ];
  const byHand = `${commands.join(" and ")} there${directories}, then recover again`;
  const remedy =
    obstacle === undefined
      ? `its data is in directories of the server: ${byHand}`
      : member
        ? `${obstacle}: take it out first (${typed(commandIn(situation, "remove", declared.node))}), then recover again`
        : `${obstacle}: if it certainly holds nothing of value, ${byHand}`;
  return [
    leave(subject, `${why}, but ${remedy}`),
    ...present.map(({ name }) =>
      leave({ type: "volume", host: inventory.host, name }, `of ${found.name}, which is left`),
    ),
  ];
}

/** Ours by its labels, but no longer in the configuration. */
function decideUndeclared(situation: Situation, inventory: HostInventory, found: FoundContainer): Action[] {
  const subject = subjectOf(inventory, found);
  const node = found.labels[LABEL.node] ?? found.name;
  if (situation.state.some(({ type, id }) => type === "docker_container" && id === found.id)) return [];
  const inTheWay = situation.declared.containers.some(
    ({ host, name }) => host === inventory.host && name === found.name,
  );
  const kept = (reason: string): Action[] => [
    leave(subject, `${node} is no longer declared, but ${reason}`, inTheWay),
  ];
  if (isCoordinatorId(node)) return kept("it was a coordinator: remove it by hand");
  if (found.initialisation === "running") return kept("its first initialisation still runs");
  const obstacle = mayHoldData(situation, found);
  if (obstacle !== undefined) return kept(`${obstacle}: declare it again, or drain and remove it first`);
  const volumes = found.volumes.filter((name) => name === found.name || name.startsWith(`${found.name}-`));
  return [
    remove(subject, found.id, `${node} is no longer declared and not registered`),
    ...volumes.map((name): Action => {
      const volume = { type: "volume", host: inventory.host, name } as const;
      if (found.initialisation === "unfinished")
        return remove(volume, name, "its first initialisation never ended");
      if (situation.removeVolumes.includes(name)) return remove(volume, name, `--remove-volume ${name}`);
      return leave(volume, `may hold data: kept, unless you pass --remove-volume ${name}`, inTheWay);
    }),
  ];
}

const REGISTERED = "it is registered in the cluster";

/** Why the volume of a node might hold data of the cluster; undefined when it can't. */
function mayHoldData(
  { coordinator }: Situation,
  { labels, initialisation }: FoundContainer,
  declaredEndpoint?: string,
): string | undefined {
  if (coordinator.kind === "empty") return undefined;
  if (coordinator.kind === "absent") {
    return initialisation === "unfinished"
      ? undefined
      : "neither the coordinator's container nor its volume exists, so whether it is registered cannot be determined";
  }
  if (coordinator.kind === "silent") {
    return `the coordinator can't be queried (${coordinator.cause})`;
  }
  const [program] = coordinator.running;
  if (program !== undefined) return `${program} is still working on the cluster`;
  const node = labels[LABEL.node];
  const endpoints = [labels[LABEL.endpoint], declaredEndpoint];
  const registered = coordinator.registered.some((each) => endpoints.includes(each));
  if (registered || node === undefined || coordinator.recorded.includes(node)) return REGISTERED;
  return undefined;
}

type Named = Omit<Subject, "reason">;

function subjectOf({ host }: HostInventory, { name }: FoundContainer): Named {
  return { type: "container", host, name };
}

function leave(subject: Named, reason: string, blocks = true): Action {
  return { ...subject, action: "leave", reason, blocks };
}

function remove(subject: Named, id: string, reason: string): Action {
  return { ...subject, action: "remove", id, reason };
}
