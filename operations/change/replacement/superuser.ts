import type { Cluster, ClusterNode } from "../../../model/cluster";
import type { Caller } from "../../base/caller/caller";
import { Engine } from "../../docker/engine/engine";
import { inspectContainers } from "../../docker/engine/inspect-containers";
import { explainSilent } from "../../docker/container-state";
import { oneLine, type Problem } from "../../base/failure";
import type { Progress } from "../../base/progress";

/** What a container was told to initialise its volume with; a part is absent where nothing tells it. */
export interface Initialised {
  readonly user?: string;
  readonly database?: string;
}

/**
 * Existing nodes whose superuser or database is another than the environment's. The image makes both when it initialises an
 * empty volume and never again, so that an edit would change nothing but the plan, for ever. By what Docker says: as the
 * new user nobody could ask the servers. A host that can't be asked, or can't about a container, is passed over; the
 * connection then tells.
 */
export async function findOtherSuperusers(
  cluster: Cluster,
  { progress, caller }: { readonly progress: Progress; readonly caller: Caller },
): Promise<Problem[]> {
  const found = await Promise.all(
    cluster.hosts.map(async (host): Promise<Problem[]> => {
      const nodes = cluster.nodes.filter((node) => node.host === host.id);
      if (nodes.length === 0) return [];
      const docker = new Engine(host, caller);
      try {
        const names = nodes.map(({ container }) => container);
        const { found, silent } = await inspectContainers(docker, names);
        for (const [name, listed] of silent) {
          const { what, remedy } = explainSilent(listed, docker, name);
          progress(
            `${host.id}: superuser and database of the container ${name} can't be compared (it ${what}: ${remedy})`,
          );
        }
        return nodes.flatMap((node) =>
          differenceOf(cluster, node, initialisedWith(found.get(node.container)?.Config.Env ?? [])),
        );
      } catch (error) {
        progress(`${host.id}: its containers' superuser and database can't be compared (${oneLine(error)})`);
        return [];
      } finally {
        docker.close();
      }
    }),
  );
  return found.flat();
}

/** Of a container's environment only these two: the password is there too. */
function initialisedWith(variables: readonly string[]): Initialised {
  const valueOf = (name: string) =>
    variables.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  return { user: valueOf("POSTGRES_USER"), database: valueOf("POSTGRES_DB") };
}

export function differenceOf(cluster: Cluster, node: ClusterNode, initialised: Initialised): Problem[] {
  const fields = (["user", "database"] as const).flatMap((field) => {
    const value = initialised[field] ?? cluster[field];
    return value === cluster[field] ? [] : [{ field, value }];
  });
  if (fields.length === 0) return [];
  const before = fields.map(({ field, value }) => `${field} ${value}`).join(" and ");
  const wanted = fields.map(({ field }) => cluster[field]).join(" and ");
  return [
    {
      node: node.id,
      what: `its data was initialised with ${before}, and only a new volume would get ${wanted}`,
      remedy:
        `set ${fields.map(({ field, value }) => `\`${field}: "${value}"\``).join(" and ")} again, and make further roles ` +
        "and databases with SQL; to give up the data, set `protected: false`, destroy with " +
        `PGDIST_DESTROY=${cluster.environment}, and deploy again`,
    },
  ];
}
