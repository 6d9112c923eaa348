import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Environment } from "../../../../model/environment";
import type { Finding } from "../../../fixtures/doctored-cluster";
import { CitusContainers, IMAGE, describeOnCitus, docker } from "../../../fixtures/citus-containers";
import { examineEnvironment, listenSomewhere, problemsOf } from "../../../fixtures/doctored-cluster";

/**
 * Ways to break a cluster, each with all that the doctor then says is wrong: the cause, and nothing that misleads. What
 * needs several servers is in test/e2e/broken.full.test.ts.
 */
describeOnCitus("a broken cluster", () => {
  const citus = new CitusContainers();
  let environment: Environment;
  let usual: readonly Finding[];

  beforeAll(async () => {
    await citus.create();
    // In memory, so that it can be filled up, and is empty after a restart.
    await docker(
      ...["volume", "create", "--driver", "local", "--opt", "type=tmpfs", "--opt", "device=tmpfs"],
      ...["--opt", "o=size=400m", citus.volume("worker3")],
    );
    await Promise.all([
      // Citus itself would clear away what a case leaves there on purpose.
      citus.start("coordinator", { settings: ["citus.defer_shard_delete_interval=-1"] }),
      ...["worker1", "worker2", "worker3"].map((name) => citus.start(name)),
    ]);
    const cluster = await citus.cluster(["worker1", "worker2", "worker3"]);
    expect(await citus.register(cluster)).toMatchObject({ code: 0 });
    await citus.sql("coordinator", "CREATE TABLE public.item (id bigint PRIMARY KEY)");
    await citus.sql("coordinator", "SELECT create_distributed_table('public.item', 'id', shard_count => 6)");
    environment = {
      name: "broken",
      cluster: citus.prefix,
      hosts: { local: { connection: "unix:///var/run/docker.sock" } },
      coordinator: { host: "local", port: cluster.nodes[0]?.published?.port ?? 0 },
      workers: { local: 3 },
      image: IMAGE,
      postgresMajor: 17,
      ephemeral: true,
    };
    // A test machine's disk may be nearly full.
    usual = await findings();
    expect(problemsOf(usual).filter((problem) => !problem.includes(" disk "))).toEqual([]);
    usual = usual.filter(({ check }) => check === "disk");
  });
  afterAll(() => citus.destroy());

  const findings = (changes: Partial<Environment> = {}) =>
    examineEnvironment({ ...environment, ...changes }, citus.password);

  async function problems(changes: Partial<Environment> = {}): Promise<string[]> {
    return problemsOf(await findings(changes), usual);
  }

  interface Case {
    readonly harm?: () => Promise<unknown>;
    /** All that the doctor says, in this order. */
    readonly says: readonly RegExp[];
    /** Further changes of the environment that is declared. */
    readonly declare?: () => Partial<Environment>;
    readonly repair?: () => Promise<unknown>;
  }

  function broken(title: string, { harm, says, declare, repair }: Case): void {
    test(title, async () => {
      await harm?.();
      try {
        expect(await problems(declare?.())).toEqual(
          says.map((each) => expect.stringMatching(each) as string),
        );
      } finally {
        await repair?.();
      }
    });
  }

  const container = (name: string) => citus.container(name);
  const sql = (name: string, statement: string) => citus.sql(name, statement);
  const inside = (name: string, script: string) => docker("exec", container(name), "sh", "-c", script);
  /** Each statement on its own, in one session. */
  const session = (name: string, ...statements: string[]) =>
    docker(
      ...["exec", container(name), "psql", "-h", "127.0.0.1", "-U", "postgres", "-v", "ON_ERROR_STOP=1"],
      ...statements.flatMap((statement) => ["-c", statement]),
    );
  const connection = (url: string) => () => ({ hosts: { local: { connection: url } } });

  const store = (name: string, password: string) =>
    sql(name, `UPDATE pg_dist_authinfo SET authinfo = 'password=''${password}'''`);

  broken("another password stored in pg_dist_authinfo", {
    harm: () => store("worker1", "other"),
    says: [/^failed credentials local\/worker1: .*another password/],
    repair: () => store("worker1", citus.password),
  });

  const setPassword = (name: string, password: string) =>
    session(
      name,
      "SET citus.enable_alter_role_propagation = off",
      `ALTER ROLE postgres PASSWORD '${password}'`,
    );

  broken("a server with another password", {
    harm: () => setPassword("worker2", "other"),
    says: ["coordinator", "worker1", "worker2", "worker3"].map(
      (from) => new RegExp(`^failed reachability local/${from}: local/worker2: .*refuses the password`),
    ),
    repair: () => setPassword("worker2", citus.password),
  });

  broken("an extension older than its library", {
    harm: () => sql("worker1", "UPDATE pg_extension SET extversion = '12.1-1' WHERE extname = 'citus'"),
    says: [/^failed extension local\/worker1: extension 12\.1-1, but the library Citus \S+ wants /],
    repair: () => sql("worker1", "UPDATE pg_extension SET extversion = '13.0-1' WHERE extname = 'citus'"),
  });

  broken("a container in which no name resolves", {
    harm: () => inside("worker1", "cp /etc/resolv.conf /tmp; echo nameserver 127.0.0.9 > /etc/resolv.conf"),
    says: [/^failed names local\/worker1: in its container .*-coordinator.* does not resolve/],
    repair: () => inside("worker1", "cat /tmp/resolv.conf > /etc/resolv.conf"),
  });

  const shouldHaveShards = (value: boolean) =>
    sql(
      "coordinator",
      `SELECT citus_set_node_property('${container("worker1")}', 5432, 'shouldhaveshards', ${value})`,
    );

  broken("a worker that a drain left without shards", {
    harm: () => shouldHaveShards(false),
    says: [/^warning registration local\/worker1: shouldhaveshards is false/],
    repair: () => shouldHaveShards(true),
  });

  broken("objects left over from a move", {
    harm: () => sql("coordinator", "INSERT INTO pg_dist_cleanup VALUES (1, 9, 1, 'public.item_1', 1, 0)"),
    says: [/^warning orphans broken: 1 object\(s\) left over from moves/],
    repair: () => sql("coordinator", "DELETE FROM pg_dist_cleanup"),
  });

  broken("a replication slot and a prepared transaction left over", {
    harm: async () => {
      await sql(
        "worker1",
        "SELECT pg_create_logical_replication_slot('citus_shard_move_slot_1_10', 'pgoutput')",
      );
      // Of a coordinator that doesn't exist: Citus itself recovers its own.
      await session("worker2", "BEGIN", "SELECT pg_current_xact_id()", "PREPARE TRANSACTION 'citus_9_1_2_3'");
      await expect.poll(() => sql("worker2", OLD), { timeout: 60_000, interval: 500 }).toBe("t");
    },
    says: [
      /^warning leftovers local\/worker1: replication slot citus_shard_move_slot_1_10 .* retains \d+/,
      /^warning leftovers local\/worker2: 1 prepared transaction\(s\) .*: citus_9_1_2_3/,
    ],
    repair: async () => {
      await sql("worker1", "SELECT pg_drop_replication_slot('citus_shard_move_slot_1_10')");
      await sql("worker2", "ROLLBACK PREPARED 'citus_9_1_2_3'");
    },
  });

  broken("a read-only server", {
    harm: () =>
      session(
        "worker1",
        "SET citus.enable_ddl_propagation = off",
        "ALTER ROLE postgres SET default_transaction_read_only = on",
      ),
    says: [/^failed server local\/worker1: .*read-only \(default_transaction_read_only = on\)/],
    repair: () =>
      session(
        "worker1",
        "SET default_transaction_read_only = off",
        "SET citus.enable_ddl_propagation = off",
        "ALTER ROLE postgres RESET default_transaction_read_only",
      ),
  });

  const exchange = async () => {
    await docker("rename", container("worker1"), container("spare"));
    await docker("rename", container("worker2"), container("worker1"));
    await docker("rename", container("spare"), container("worker2"));
  };

  broken("two servers that were exchanged", {
    harm: exchange,
    says: [
      /^failed identity local\/worker1: another server answers at \S+: group 2 instead of 1/,
      /^failed identity local\/worker2: another server answers at \S+: group 1 instead of 2/,
    ],
    repair: exchange,
  });

  broken("a worker that is registered but not declared", {
    declare: () => ({ workers: { local: 2 } }),
    says: [/^warning registration broken: \S+-worker3:5432 is registered .*, but not declared/],
  });

  broken("a worker that is declared but not there", {
    declare: () => ({ workers: { local: 4 } }),
    says: [
      /^failed container local\/worker4: there is no container \S+-worker4/,
      /^failed registration local\/worker4: \S+-worker4:5432 is not registered/,
    ],
  });

  broken("an image that is not there", {
    declare: () => ({ image: "citusdata/citus:13.0.99" }),
    says: [
      /^failed image local: citusdata\/citus:13\.0\.99 is not there/,
      ...["coordinator", "worker1", "worker2", "worker3"].map(
        (name) => new RegExp(`^warning image local/${name}: its container runs .*, declared is .*:13.0.99`),
      ),
    ],
  });

  broken("another memory limit than declared", {
    declare: () => ({ workers: { local: { worker1: { memory: 512 }, worker2: {}, worker3: {} } } }),
    says: [/^warning memory local\/worker1: its container has no limit, declared is limit 512 MB/],
  });

  let program: Awaited<ReturnType<typeof listenSomewhere>>;
  const onPortOfProgram = () => ({ coordinator: { host: "local", port: program.port } });

  broken("a port that another program has", {
    harm: async () => (program = await listenSomewhere()),
    declare: onPortOfProgram,
    says: [/^failed port local\/coordinator: 127\.0\.0\.1:\d+ is taken by a program on the server/],
    repair: async () => program.close(),
  });

  broken("a port that another container has", {
    harm: () =>
      docker(
        // A test run's own engine has no default network.
        ...["run", "-d", "--name", container("squatter"), "--network", citus.prefix],
        ...["-p", `127.0.0.1:${program.port}:1`],
        ...["--entrypoint", "sleep", IMAGE, "1000"],
      ),
    declare: onPortOfProgram,
    says: [/^failed port local\/coordinator: .* is taken by the container \S+-squatter$/],
    repair: () => docker("rm", "-f", "-v", container("squatter")),
  });

  broken("a server whose ssh is down", {
    declare: connection("ssh://root@127.0.0.1:1"),
    says: [
      /^failed engine local: ssh:\/\/root@127\.0\.0\.1:1: .*Connection refused/,
      /^failed connection broken: .*can't be reached.*Connection refused/,
    ],
  });

  broken("a server whose name this machine doesn't know", {
    declare: connection("ssh://root@nowhere.invalid"),
    says: [
      /^failed engine local: ssh:\/\/root@nowhere\.invalid: .*Could not resolve hostname/,
      /^failed connection broken: .*can't be reached/,
    ],
  });

  broken("a server whose engine is down", {
    declare: connection("unix:///nonexistent.sock"),
    says: [/^failed engine local: unix:\/\/\/nonexistent\.sock: .*(daemon|no such file)/],
  });

  const folder = mkdtempSync(join(tmpdir(), "pg-dist-clock-"));
  let engine: Server;

  broken("a server whose clock is wrong", {
    harm: async () => (engine = await engineOfAnotherYear(join(folder, "docker.sock"))),
    declare: connection(`unix://${folder}/docker.sock`),
    says: [/^failed clock local: \d+\.\d s ahead of this machine/],
    repair: async () => {
      engine.close();
      rmSync(folder, { recursive: true });
    },
  });

  broken("a disabled worker", {
    harm: async () => {
      await sql("coordinator", "DROP TABLE public.item");
      await sql("coordinator", `SELECT citus_disable_node('${container("worker2")}', 5432, true)`);
    },
    says: [/^failed registration local\/worker2: it is disabled \(citus_disable_node\)/],
    repair: () => sql("coordinator", `SELECT citus_activate_node('${container("worker2")}', 5432)`),
  });

  broken("a stopped and a paused worker", {
    harm: async () => {
      await docker("kill", container("worker1"));
      await docker("pause", container("worker2"));
    },
    says: [
      /^failed container local\/worker1: \S+-worker1 exited \(code 137\)/,
      /^failed container local\/worker2: \S+-worker2 is paused/,
    ],
    repair: async () => {
      await docker("unpause", container("worker2"));
      await docker("start", container("worker1"));
      await citus.waitFor("worker1");
      // Docker calls one unhealthy that was paused, until its next health check (20.10).
      const health = ["inspect", "--format", "{{.State.Health.Status}}", container("worker2")];
      await expect.poll(() => docker(...health), { timeout: 60_000, interval: 500 }).toBe("healthy");
    },
  });

  let shim = 0;
  let held: Promise<string> | undefined;
  broken("a container about which Docker answers no request, while a process starts in it", {
    harm: async () => {
      const pid = await docker("inspect", "--format", "{{.State.Pid}}", container("worker1"));
      shim = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
      process.kill(shim, "SIGSTOP");
      held = docker("exec", container("worker1"), "true");
      const inspect = () => spawnSync("docker", ["inspect", container("worker1")], { timeout: 1000 }).status;
      await expect.poll(inspect, { timeout: 30_000 }).toBeNull();
    },
    says: [
      /^failed container local\/worker1: \S+-worker1 is running, but Docker does not answer requests about it/,
    ],
    repair: async () => {
      process.kill(shim, "SIGCONT");
      await held;
      await docker("inspect", container("worker1"));
      expect(await problems()).toEqual([]);
    },
  });

  broken("settings that Citus can't work with", {
    harm: async () => {
      await citus.remove("worker2");
      const settings = ["wal_level=replica", "max_prepared_transactions=2", "max_connections=16"];
      await citus.start("worker2", { settings });
    },
    says: [
      /^warning settings local\/worker2: wal_level = replica/,
      /^warning settings local\/worker2: max_prepared_transactions = 2 for 16 connections/,
      /^warning settings local\/worker2: max_connections = 16 for 4 nodes/,
    ],
  });

  broken("no connection left", {
    harm: async () => {
      const one = "psql -h 127.0.0.1 -U postgres -c 'SELECT pg_sleep(600)'";
      await docker("exec", "-d", container("worker2"), "sh", "-c", `${`${one} & `.repeat(20)} wait`);
      const answer = () => sql("worker2", "SELECT 1").catch((error: Error) => error.message);
      await expect.poll(answer, { timeout: 60_000, interval: 300 }).toMatch(/too many clients/);
    },
    says: [
      /^failed reachability local\/coordinator: local\/worker2: .* has no connection left/,
      /^failed reachability local\/worker1: local\/worker2: .* has no connection left/,
      /^failed server local\/worker2: .*too many clients/,
      /^failed reachability local\/worker2: local\/worker2: .* has no connection left/,
      /^failed reachability local\/worker3: local\/worker2: .* has no connection left/,
    ],
  });

  broken("a container that ends again and again by a bad setting", {
    harm: async () => {
      await citus.remove("worker2");
      await docker(
        ...["run", "-d", "--restart", "always", "--name", container("worker2"), "--network", citus.prefix],
        ...["-v", `${citus.volume("worker2")}:/var/lib/postgresql/data`, IMAGE],
        ...["postgres", "-c", "shared_buffers=banana"],
      );
      const restarts = () => docker("inspect", "--format", "{{.RestartCount}}", container("worker2"));
      await expect.poll(restarts, { timeout: 120_000, interval: 300 }).toMatch(/^[2-9]$/);
    },
    says: [/^failed container local\/worker2: \S+ keeps restarting .*"shared_buffers": "banana"/],
    repair: async () => {
      await citus.remove("worker2");
      await citus.start("worker2");
    },
  });

  broken("a disk that is nearly full", {
    harm: () =>
      inside(
        "worker3",
        "fallocate -l $(($(df -Pk $PGDATA | awk 'NR == 2 { print $4 }') - 12000))k $PGDATA/filler",
      ),
    says: [/^failed disk local\/worker3: PGDATA: \S+ MB free of .* \([0-4] %\)/],
    repair: () => inside("worker3", "rm $PGDATA/filler"),
  });

  broken("a worker without the extension", {
    harm: () => session("worker3", "SET citus.enable_ddl_propagation = off", "DROP EXTENSION citus CASCADE"),
    says: [/^failed extension local\/worker3: database postgres has no Citus extension/],
  });

  broken("an empty server where a worker is registered", {
    harm: async () => {
      await docker("restart", "-t", "5", container("worker3"));
      await citus.waitFor("worker3");
    },
    says: [
      /^failed credentials local\/worker3: .*no password/,
      /^failed identity local\/worker3: the server at \S+ is empty, but group 3 .* its volume was deleted/,
    ],
  });

  broken("a stopped coordinator: what can be seen without it still is", {
    harm: async () => {
      await sql("worker1", "DELETE FROM pg_dist_authinfo");
      await docker("kill", container("coordinator"));
    },
    says: [
      /^failed container local\/coordinator: .* exited/,
      /^failed credentials local\/worker1: .*no password/,
      // Empty since the case before.
      /^failed credentials local\/worker3: .*no password/,
      /^failed connection broken: the coordinator .* can't be reached/,
    ],
  });
});

/** How long a prepared transaction must be there to count. */
const OLD = "SELECT count(*) > 0 FROM pg_prepared_xacts WHERE prepared < now() - interval '30 seconds'";

/** The local engine behind a socket of its own, with a clock that is a year ahead. */
async function engineOfAnotherYear(socket: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: "/var/run/docker.sock", allowHalfOpen: true });
    const ahead = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const text = chunk.toString("latin1");
        const shifted = text.replace(
          /("SystemTime":")(\d{4})/,
          (_all, name: string, year) => `${name}${Number(year) + 1}`,
        );
        done(null, Buffer.from(shifted, "latin1"));
      },
    });
    client.pipe(engine);
    engine.pipe(ahead).pipe(client);
    client.on("error", () => engine.destroy());
    engine.on("error", () => client.destroy());
  });
  server.listen(socket);
  await new Promise((resolve) => server.once("listening", resolve));
  return server;
}
