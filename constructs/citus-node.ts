import { Container } from "@cdktf/provider-docker/lib/container";
import { Volume } from "@cdktf/provider-docker/lib/volume";
import { Construct } from "constructs";
import {
  type Cluster,
  type ClusterNode,
  POSTGRES_PORT,
  PUBLISHED_SETTING,
  formatEndpoint,
} from "../model/cluster";
import { cpusText } from "../model/cpus";
import { labelsOf } from "../model/contract/labels";
import { serverCommand } from "../model/contract/server-command";
import { serverName } from "../model/contract/server-name";
import { archiveAddress, nodeAddress } from "../model/contract/terraform-address";
import {
  ARCHIVE_MOUNT,
  DATA_MOUNT,
  archiveVolume,
  dataDirectory,
  dataVolume,
} from "../model/contract/volumes";
import type { DockerHost } from "./docker-host";
import type { Program } from "./program";
import { escapeTemplate } from "./escape-template";
import { pinAddress } from "./terraform-address";

/** PostgreSQL gets this long for a clean stop; the provider's default is SIGKILL at once. In seconds. */
const STOP_SECONDS = 120;

/** How long a first start may take until the node is healthy: initdb on a slow disk. In seconds. */
const WAIT_SECONDS = 600;

/** Read when the container is created and then left alone; each would otherwise replace a running database. */
const IGNORED_CHANGES = [
  "ports", // empty while a container is stopped: it is to be started in place; see PUBLISHED_SETTING
  "env", // the image reads it only when it initialises an empty volume
  "host", // every server's name is in it: one that joins would replace all
  "dns", // an edit would replace all nodes of the host, past the guard
  "networks_advanced", // these three are not read back, so an import would replace
  "log_opts",
  "labels",
];

/**
 * What the provider reads back of a container where nothing is declared. Said all the same: a plan that replaces a container
 * would list each as `0 -> null`, and its mounts and network once as gone and once as new (measured with 4.5.0: 89 lines a
 * node, and 44 with these).
 */
const UNSET = {
  ofContainer: { privileged: false, publishAllPorts: false, maxRetryCount: 0, cpuShares: 0 },
  ofMount: { readOnly: false },
  gwPriority: 0,
};

export interface CitusNodeProps {
  readonly host: DockerHost;
  readonly cluster: Omit<Cluster, "hosts" | "nodes">;
  readonly description: ClusterNode;
  /** The initial password of the superuser: a sensitive Terraform value. */
  readonly password: string;
  /** Runs a last check before the container is destroyed to be made anew. */
  readonly program: Program;
  /** Sets prevent_destroy on the data volume. @default false */
  readonly keepVolume?: boolean;
}

/** One PostgreSQL server with Citus: its volumes and its container. The coordinator and every worker is one. */
export class CitusNode extends Construct {
  readonly description: ClusterNode;
  readonly container: Container;

  constructor(scope: Construct, id: string, props: CitusNodeProps) {
    super(scope, id);
    const { host, cluster, description, program } = props;
    this.description = description;
    const { network, image } = host.partsOf({ cluster: cluster.name, image: description.image });

    const data = this.createVolume(
      "data",
      host,
      dataVolume(description.container),
      props.keepVolume ?? false,
    );
    const archive = this.createVolume("archive", host, archiveVolume(description.container), false);
    pinAddress(data, nodeAddress(description.id));
    pinAddress(archive, archiveAddress(description.id));

    this.container = new Container(this, "container", {
      provider: host.provider,
      name: description.container,
      image: description.image,
      command: commandOf(cluster.name, description),
      env: [
        `POSTGRES_USER=${escapeTemplate(cluster.user)}`,
        `POSTGRES_DB=${escapeTemplate(cluster.database)}`,
        `POSTGRES_PASSWORD=${props.password}`,
        "POSTGRES_INITDB_ARGS=--data-checksums",
        `PGDATA=${dataDirectory(description.postgresMajor)}`,
      ],
      labels: Object.entries(labelsOf(cluster, description)).map(([label, value]) => ({ label, value })),
      // Not `volumes`, which the provider doesn't read back: a container that is imported would be replaced.
      mounts: [
        { type: "volume", source: data.name, target: DATA_MOUNT, ...UNSET.ofMount },
        { type: "volume", source: archive.name, target: ARCHIVE_MOUNT, ...UNSET.ofMount },
      ],
      networksAdvanced: [{ name: network.name }],
      ports:
        description.published === undefined
          ? undefined
          : [{ internal: POSTGRES_PORT, external: description.published.port, ip: description.published.ip }],
      host: Object.entries(host.options.extraHosts ?? {}).map(([name, ip]) => ({ host: name, ip })),
      dns: host.options.dns === undefined ? undefined : [...host.options.dns],
      healthcheck: healthcheckOf(cluster),
      wait: true,
      waitTimeout: WAIT_SECONDS,
      // PostgreSQL as process 1 would inherit every orphan in the container, of a health check or a docker exec, and take
      // one that a signal ended for a crashed backend: it then disconnects everybody and recovers.
      init: true,
      restart: "unless-stopped",
      mustRun: true,
      stopSignal: "SIGINT", // PostgreSQL's fast shutdown
      stopTimeout: STOP_SECONDS,
      destroyGraceSeconds: STOP_SECONDS,
      // The image declares a volume at /var/lib/postgresql/data, which stays empty: nothing of ours is anonymous.
      removeVolumes: true,
      memory: description.memory ?? 0,
      memorySwap: description.memory ?? 0, // equal: no swap. Unset would read back as twice the memory and never settle.
      cpus: description.cpus === undefined ? undefined : cpusText(description.cpus),
      shmSize: 1024, // parallel queries; Docker's 64 MB are soon full. Counts as memory only where it is used.
      capabilities: {
        drop: ["ALL"],
        // For the image's entrypoint; and KILL for Docker's init, which is root and must signal the server's user: without
        // it, no stop reaches PostgreSQL, and every start is a crash recovery.
        add: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"],
      },
      ...UNSET.ofContainer,
      securityOpts: ["no-new-privileges:true"],
      logDriver: "json-file",
      logOpts: { "max-size": "50m", "max-file": "5" },
      dependsOn: [image],
      lifecycle: { ignoreChanges: IGNORED_CHANGES },
      // Also by -target, and while the guard of all nodes is not in the state after an apply that failed.
      provisioners: [
        {
          type: "local-exec",
          when: "destroy",
          command: program.guardOf(description.id),
        },
      ],
    });
    // Younger than the bindings.
    this.container.addOverride("networks_advanced.0.gw_priority", UNSET.gwPriority);
    pinAddress(this.container, nodeAddress(description.id));
  }

  private createVolume(id: string, host: DockerHost, name: string, preventDestroy: boolean): Volume {
    const dataPath = host.options.dataPath;
    return new Volume(this, id, {
      provider: host.provider,
      name,
      // No labels: a change of them would replace the volume, that is, delete the data.
      ...(dataPath === undefined
        ? {}
        : {
            driver: "local",
            driverOpts: { type: "none", o: "bind", device: escapeTemplate(`${dataPath}/${name}`) },
          }),
      lifecycle: {
        // A `dataPath` that is set later would replace the volume, that is, delete the data.
        ignoreChanges: ["driver", "driver_opts"],
        ...(preventDestroy ? { preventDestroy: true } : {}),
      },
    });
  }
}

/**
 * The server's command line. `cluster_name` carries who it is (`citus server-d/worker1 10.0.0.4:5433`): it shows in
 * `ps`, and since the provider reads the command back, a changed address or port replaces exactly this container. So
 * does what is published, where that is not the endpoint: an edit that closes a port to the public must not be ignored.
 */
function commandOf(cluster: string, node: ClusterNode): string[] {
  const endpoint = formatEndpoint(node.endpoint);
  const published = publishedOn(node);
  const settings = {
    ...node.settings,
    cluster_name: serverName(cluster, node),
    ...(published === undefined || published === endpoint ? {} : { [PUBLISHED_SETTING]: published }),
  };
  return serverCommand(settings).map(escapeTemplate);
}

function publishedOn({ published }: ClusterNode): string | undefined {
  return published && formatEndpoint({ host: published.ip, port: published.port });
}

/**
 * Healthy means Citus: over TCP, since the entrypoint's temporary server has only the socket, and with the extension
 * in the database, which a first start that was killed half-way lacks for good while pg_isready is content.
 * PGDATABASE and the password are not needed: the image trusts loopback.
 */
function healthcheckOf(cluster: Omit<Cluster, "hosts" | "nodes">) {
  return {
    test: [
      "CMD",
      "psql",
      ...["-h", "127.0.0.1", "-U", escapeTemplate(cluster.user), "-d", escapeTemplate(cluster.database)],
      ...["-v", "ON_ERROR_STOP=1", "-qAtc"],
      "SELECT 1/count(*) FROM pg_extension WHERE extname = 'citus'",
    ],
    // Durations as Go prints them, or every plan would change them. Each wait for a started node ends at a check: 2 s made
    // an apply 1.56 times as long as starting the same by hand, 1.5 s 1.42 times. A check costs some 30 ms of one CPU.
    interval: "1.5s",
    timeout: "10s",
    startPeriod: "1m0s",
    retries: 5,
  };
}
