import type { ClusterNode } from "../../../model/cluster";
import type { Problem } from "../../base/failure";

/** What an image says of itself, where it says it: images that are built on PostgreSQL's and Citus' own inherit both. */
export interface ImageVersions {
  /** PG_MAJOR of its environment. */
  readonly major?: number;
  /** Of CITUS_VERSION, without the package's part: 13.0.3. */
  readonly citus?: string;
}

/** What a node's data was written by, as far as that is known. */
export interface DataOfNode {
  readonly wanted: ClusterNode;
  readonly major?: number | undefined;
  readonly citus?: string | undefined;
}

/** An image that must not come to a node's data. */
export interface ForbiddenImage extends Problem {
  /** `what` of several nodes to which the same happens. */
  readonly ofSeveral: string;
}

/**
 * What must never happen to existing data, however the nodes are replaced.
 *
 * @param images what the new image says of itself, by the host's id; without it, by the environment and the image's tag
 */
export function findForbidden(
  nodes: readonly DataOfNode[],
  images: ReadonlyMap<string, ImageVersions> = new Map(),
): ForbiddenImage[] {
  return nodes.flatMap(({ wanted, major, citus }): ForbiddenImage[] => {
    const image = images.get(wanted.host) ?? {};
    const wantedMajor = image.major ?? wanted.postgresMajor;
    if (major !== undefined && major !== wantedMajor) {
      return [
        {
          node: wanted.id,
          what: `its data is from PostgreSQL ${major}, ${wanted.image} has PostgreSQL ${wantedMajor}`,
          ofSeveral: `their data is from PostgreSQL ${major}, ${wanted.image} has PostgreSQL ${wantedMajor}`,
          remedy:
            `keep an image with PostgreSQL ${major}; another major version needs pg_upgrade on every node, which pg-dist ` +
            "doesn't do yet, or a new cluster that the data is copied to",
        },
      ];
    }
    const version = image.citus ?? versionOfImage(wanted.image);
    if (citus !== undefined && version !== undefined && compareVersions(version, citus) < 0) {
      return [
        {
          node: wanted.id,
          what: `it runs Citus ${citus}, ${wanted.image} has Citus ${version}`,
          ofSeveral: `they run Citus ${citus}, ${wanted.image} has Citus ${version}`,
          remedy:
            `keep an image with Citus ${citus} or newer: older ones fail on the catalog of a newer one, and the way back is ` +
            "a restore from a backup",
        },
      ];
    }
    return [];
  });
}

/** Citus' version in the tag of its own image. */
export function versionOfImage(image: string): string | undefined {
  return /(?:^|\/)citusdata\/citus:(\d+\.\d+\.\d+)/.exec(image)?.[1];
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
