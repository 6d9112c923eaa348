import type { Cluster, ClusterNode } from "../../../model/cluster";
import { DockerHost } from "../../docker/docker-host";
import { oneLine, type Problem } from "../../base/failure";
import { inspectContainers } from "../../docker/inspect-containers";
import type { Progress } from "../../base/progress";

/** Of a container's environment only these two: the password is there too. */
const FORMAT =
  '{{range .Config.Env}}{{$pair := split . "="}}' +
  '{{if eq (index $pair 0) "POSTGRES_USER" "POSTGRES_DB"}} {{.}}{{end}}{{end}}';

/** What a container was told to initialise its volume with; a part is absent where nothing tells it. */
export interface Initialised {
  readonly user?: string;
  readonly database?: string;
}

/**
 * Existing nodes whose superuser or database is another than the environment's. The image makes both when it initialises an
 * empty volume and never again, so that an edit would change nothing but the plan, for ever. By what Docker says: as the
 * new user nobody could ask the servers. A host that can't be asked is passed over; the connection then tells.
 */
export async function findOtherSuperusers(
  cluster: Cluster,
  { progress, env }: { progress: Progress; env: NodeJS.ProcessEnv },
): Promise<Problem[]> {
  const found = await Promise.all(
    cluster.hosts.map(async (host): Promise<Problem[]> => {
      const nodes = cluster.nodes.filter((node) => node.host === host.id);
      if (nodes.length === 0) return [];
      const docker = new DockerHost(host, env);
      try {
        const names = nodes.map(({ container }) => container);
        const found = await inspectContainers(docker, names, FORMAT);
        return nodes.flatMap((node) => differenceOf(cluster, node, parse(found.get(node.container) ?? "")));
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

function parse(variables: string): Initialised {
  return {
    user: / POSTGRES_USER=(\S*)/.exec(variables)?.[1],
    database: / POSTGRES_DB=(\S*)/.exec(variables)?.[1],
  };
}

export function differenceOf(cluster: Cluster, node: ClusterNode, initialised: Initialised): Problem[] {
  const fields = (["user", "database"] as const).filter(
    (field) => (initialised[field] ?? cluster[field]) !== cluster[field],
  );
  if (fields.length === 0) return [];
  const before = fields.map((field) => `${field} ${initialised[field]}`).join(" and ");
  const wanted = fields.map((field) => cluster[field]).join(" and ");
  return [
    {
      node: node.id,
      what: `its data was initialised with ${before}, and only a new volume would get ${wanted}`,
      remedy:
        `set ${fields.map((field) => `\`${field}: "${initialised[field]}"\``).join(" and ")} again, and make further roles ` +
        "and databases with SQL; to give the data up, set `protected: false`, destroy with " +
        `PGDIST_DESTROY=${cluster.environment}, and deploy again`,
    },
  ];
}
