import type { Environment } from "../model/environment";

/** The guide's topology: server A carries the coordinator, B and C one worker each, D two. */
export const production: Environment = {
  name: "production",
  hosts: {
    "server-a": {
      connection: "ssh://root@server-a.example.com",
      address: "server-a.example.com",
      bindAddress: "192.168.1.10",
    },
    "server-b": {
      connection: "ssh://root@server-b.example.com",
      address: "server-b.example.com",
      bindAddress: "192.168.1.11",
    },
    "server-c": {
      connection: "ssh://root@server-c.example.com",
      address: "server-c.example.com",
      bindAddress: "192.168.1.12",
    },
    "server-d": {
      connection: "ssh://root@server-d.example.com",
      address: "server-d.example.com",
      bindAddress: "192.168.1.13",
    },
  },
  coordinator: { host: "server-a" },
  workers: { "server-b": 1, "server-c": 1, "server-d": 2 },
  image: "citusdata/citus:13.0.3",
};
