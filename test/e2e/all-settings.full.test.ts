import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { oneLine } from "../../operations/base/failure";
import { CitusContainers, describeOnCitus, startCluster } from "../fixtures/citus-containers";
import { CitusProject } from "../fixtures/citus-project";
import {
  type Answers,
  administer,
  differences,
  giveSettings,
  readAnswers,
  takeSettings,
} from "../fixtures/odd-settings";
import {
  HIDDEN,
  SETTINGS_OF_SERVER,
  type SettingCase,
  type SettingRow,
  casesOf,
} from "../fixtures/some-settings";

const NODES = ["coordinator", "w1", "w2"];

/** So many at once; where an answer differs, each half by itself, down to the one that makes the difference. */
const AT_ONCE = 64;

/** Not tried, each with its reason. */
const LEFT_OUT: readonly (readonly [names: RegExp, reason: string])[] = [
  [/^transaction_(deferrable|isolation|read_only)$/, "of one transaction, not of a database"],
  [
    /^(session|local)_preload_libraries$|^dynamic_library_path$/,
    "a library that isn't there ends every session's start",
  ],
  [/^ssl|^krb_|^gss_/, "how one connects at all, which is a matter of its own"],
  [
    /^(primary_|recovery_|restore_|archive_|promote_|synchronized_standby)/,
    "of a standby or an archive, which isn't here",
  ],
  [/^synchronous_standby_names$/, "every commit, of anybody, would wait for a standby that isn't here"],
  [/^citus\.enable_statistics_collection$/, "a build of Citus without libcurl refuses it"],
  [/^allow_alter_system$/, "it would end this very test's changes"],
  [/^(fsync|full_page_writes|wal_sync_method|zero_damaged_pages|ignore_)/, "they put the data at risk"],
  [
    /^(pre|post)_auth_delay$|^authentication_timeout$/,
    "their greatest value is longer than any time limit of ours",
  ],
  [
    /^(debug_discard_caches|trace_|log_\w+_stats$|debug_print|jit_dump)/,
    "they slow every statement down, and change none",
  ],
  [/^(statement|lock|transaction|idle_\w+)_timeout$/, "1 ms ends what Citus itself does on other nodes"],
  [
    /^(citus\.max_(client|shared|cached)|citus\.local_shared|citus\.node_connection_timeout|max_stack_depth$|temp_file_limit$)/,
    "their least value leaves nobody a connection, or no statement room",
  ],
];

/** Where the answer must differ, since it tells of the setting itself or Citus does what we can't keep it from. */
const TOLD: Readonly<Record<string, string>> = {
  default_transaction_read_only: "status names each node that is read-only",
  "citus.stat_tenants_track": "tenants names the nodes that track none",
  "citus.stat_tenants_period": "tenants says the period",
  track_activities: "a node that tracks none has nothing to show",
  "citus.use_secondary_nodes":
    "can only be said at a session's start by a superuser: Citus plans no moves to primaries then",
  "citus.cluster_name": "other nodes are this coordinator's then",
  "citus.local_hostname": "the coordinator's way to itself",
};

/**
 * Every setting that the real server has and that can be changed without a restart, with every plausible other value, on
 * all nodes: what the commands answer doesn't change.
 */
describeOnCitus("every setting of the server", () => {
  const citus = new CitusContainers();
  const project = new CitusProject(citus);
  let untouched: Answers = {};
  let cases: readonly SettingCase[] = [];

  beforeAll(async () => {
    await startCluster(citus, ["w1", "w2"]);
    await citus.sql(
      "coordinator",
      `CREATE TABLE orders (id bigint PRIMARY KEY, note text, at timestamptz);
       SELECT create_distributed_table('orders', 'id', shard_count => 4);
       CREATE TABLE country (code text PRIMARY KEY); SELECT create_reference_table('country')`,
    );
    await project.declare(["w1", "w2"]);
    vi.stubEnv("TF_VAR_postgres_password", citus.password);
    untouched = await readAnswers(project.path("."));
    const [rows = ""] = await administer(citus, ["coordinator"], [SETTINGS_OF_SERVER]);
    cases = [...casesOf(JSON.parse(rows) as SettingRow[]), ...HIDDEN];
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await citus.destroy();
    await project.destroy();
  });

  const differencesWith = async (settings: readonly SettingCase[]): Promise<string[]> => {
    try {
      await giveSettings(citus, NODES, settings);
      return differences(untouched, await readAnswers(project.path(".")));
    } catch (error) {
      return [`can't be set: ${oneLine(error)}`];
    } finally {
      await takeSettings(citus, NODES, settings);
    }
  };

  /** A difference that doesn't come again was the machine's load. */
  const culprits = async (settings: readonly SettingCase[]): Promise<string[]> => {
    const [setting, ...more] = settings;
    const found = setting === undefined ? [] : await differencesWith(settings);
    if (setting === undefined || found.length === 0) return [];
    if (more.length > 0) {
      const half = Math.ceil(settings.length / 2);
      return [...(await culprits(settings.slice(0, half))), ...(await culprits(settings.slice(half)))];
    }
    const again = await differencesWith(settings);
    return again.length === 0 ? [] : [`${setting.name} = ${setting.value}: ${again.join("; ")}`];
  };

  test("changes nothing of what is answered, unless it is told", { timeout: 3_600_000 }, async () => {
    const tried = cases.filter(
      ({ name }) => TOLD[name] === undefined && !LEFT_OUT.some(([names]) => names.test(name)),
    );
    // Of one setting only one value at a time.
    const rounds: SettingCase[][] = [];
    const seen = new Map<string, number>();
    for (const each of tried) {
      const round = seen.get(each.name) ?? 0;
      seen.set(each.name, round + 1);
      (rounds[round] ??= []).push(each);
    }
    const found: string[] = [];
    for (const round of rounds)
      for (let start = 0; start < round.length; start += AT_ONCE)
        found.push(...(await culprits(round.slice(start, start + AT_ONCE))));
    expect(tried.length).toBeGreaterThan(400);
    expect(found).toEqual([]);
  });

  describe("that is told", () => {
    test.each(["default_transaction_read_only", "citus.stat_tenants_track"])("%s", async (name) => {
      const setting = cases.find((each) => each.name === name) as SettingCase;
      expect(await differencesWith([setting]), TOLD[name]).not.toEqual([]);
    });
  });
});
