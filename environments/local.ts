import type { Environment } from "../model/environment";

/**
 * A cluster on this machine's Docker engine. Only the coordinator's port is published, on loopback.
 * PGDIST_LOCAL_PORT and PGDIST_LOCAL_IMAGE choose another port or image for it.
 */
export const local: Environment = {
  name: "local",
  hosts: { local: { connection: "unix:///var/run/docker.sock" } },
  coordinator: { host: "local", port: Number(process.env.PGDIST_LOCAL_PORT ?? 5432) },
  workers: { local: 2 },
  image: process.env.PGDIST_LOCAL_IMAGE ?? "citusdata/citus:13.0.3",
  postgresMajor: 17,
  ephemeral: true,
};
