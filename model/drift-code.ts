/** What `pg-dist drift` tells apart, for scripts and for `acceptedDrift`: a code stays the same in every version. */
export const DRIFT_CODES = [
  /** A node, a Docker host or Terraform that can't be asked: whether anything differs there is not known. */
  "unknown",
  // The configuration against Terraform's state.
  /** The configuration isn't what the last apply made. */
  "not-applied",
  /** Something that Terraform made was changed, or is gone, without it. */
  "changed-outside",
  // What Docker has, and Terraform doesn't read or ignores.
  "volume-missing",
  "network-missing",
  "container-missing",
  "container-stopped",
  /** A container of a node's name that isn't the one that Terraform made. */
  "container-unmanaged",
  /** With the cluster's labels, and of no node that is declared. */
  "container-leftover",
  /** Of others, on the cluster's network. */
  "container-foreign",
  "ports",
  "environment",
  "hosts",
  "dns",
  "networks",
  "labels",
  "log",
  "subnet",
  "data-path",
  /** The image's name means another image on this engine by now than the one that the container was made of. */
  "image-moved",
  /** Nodes with the same name of an image run different images. */
  "image-differs",
  // What the servers say; as far as `status` judges it too, by the names of its checks.
  "identity",
  "lost-row",
  "metadata-drift",
  "extension",
  "versions",
  "membership",
  "leaving",
  "inactive",
  "metadata",
  "shouldhaveshards",
  "secondary",
  /** A server of another major version, or of another Citus, than the declared image has. */
  "image-version",
  // Settings.
  "setting",
  "alter-system",
  "config-file",
  "pending-restart",
  "role-setting",
  "database-setting",
  "settings-differ",
] as const;

export type DriftCode = (typeof DRIFT_CODES)[number];

/** What was not looked at can't be meant. */
export type AcceptableDriftCode = Exclude<DriftCode, "unknown">;
