import { randomBytes } from "node:crypto";
import { Client } from "pg";
import type { Session } from "../../operations/cluster/connection/session";
import {
  OWN_FURNITURE,
  OWN_ROW_COUNTS,
  ROLES,
  ROW_COUNTS,
  SECOND_DATABASE,
  SECOND_EXTENSION,
  SECOND_FURNITURE,
  SECOND_ROW_COUNTS,
  furniture,
} from "../lived-in/furniture";
import { quoteIdentifier, quoteLiteral } from "../lived-in/quoting";
import type { TestHost } from "../../testbed/test-host";

/** The two nodes that never leave. Only they have what would hold up the removal of another one. */
export interface Homes {
  readonly coordinator: TestHost;
  readonly receiver: TestHost;
}

const CONTAINERS = { coordinator: "citus-coordinator", receiver: "citus-worker1" } as const;

/** Where the receiver is registered at first; later changes of its port have to reach the second database too. */
export interface Endpoints {
  readonly coordinator: { readonly host: string; readonly port: number };
  readonly receiver: { readonly host: string; readonly port: number };
}

/** What lives in the fault cluster beside the writers' own tables, and how it is looked after. */
export class Inhabitants {
  /** Of all application roles; made up for this run. */
  readonly password = `${randomBytes(9).toString("hex")}'\\ "`;

  constructor(private readonly homes: Homes) {}

  get roles(): readonly string[] {
    return Object.values(ROLES);
  }

  /** For Terraform's variable `role_passwords`. */
  get rolePasswords(): string {
    return JSON.stringify(Object.fromEntries(this.roles.map((role) => [role, this.password])));
  }

  /** Once the first deploy has ended. @param superuser its password */
  async moveIn(session: Session, endpoints: Endpoints, superuser: string): Promise<void> {
    for (const statement of furniture(this.password)) await session.query(statement);
    for (const statement of OWN_FURNITURE) await this.sql("receiver", "postgres", statement);
    await this.furnishSecond(endpoints, superuser);
  }

  private async furnishSecond({ coordinator, receiver }: Endpoints, superuser: string): Promise<void> {
    const second = (statement: string) => this.sql("coordinator", SECOND_DATABASE, statement);
    for (const home of ["coordinator", "receiver"] as const) {
      await this.sql(home, "postgres", `CREATE DATABASE ${quoteIdentifier(SECOND_DATABASE)}`);
      await this.sql(home, SECOND_DATABASE, SECOND_EXTENSION);
      const authinfo = `password=${superuser}`;
      await this.sql(
        home,
        SECOND_DATABASE,
        `INSERT INTO pg_dist_authinfo VALUES (0, 'postgres', ${quoteLiteral(authinfo)})`,
      );
    }
    await second(`SELECT citus_set_coordinator_host('${coordinator.host}', ${coordinator.port})`);
    await second(`SELECT citus_add_node('${receiver.host}', ${receiver.port})`);
    await second(
      `SELECT citus_set_node_property('${coordinator.host}', ${coordinator.port}, 'shouldhaveshards', true)`,
    );
    for (const statement of SECOND_FURNITURE) await second(statement);
  }

  /** What is not as it was: rows in either database, things of a worker's own, and whether an application gets its answer. */
  async findViolations(session: Session, clients: { host: string; port: number }): Promise<string[]> {
    const violations: string[] = [];
    const expectCount = async (where: string, wanted: string, count: () => Promise<string>) => {
      const found = await count().catch((error: unknown) => `error: ${String(error).split("\n")[0]}`);
      if (found !== wanted) violations.push(`${where}: ${found} rows instead of ${wanted}`);
    };
    for (const [table, rows] of Object.entries(ROW_COUNTS)) {
      await expectCount(table, rows, async () => {
        const [row] = await session.query<{ count: string }>(`SELECT count(*)::text AS count FROM ${table}`);
        return row?.count ?? "none";
      });
    }
    for (const [table, rows] of Object.entries(SECOND_ROW_COUNTS)) {
      const count = `SELECT count(*) FROM ${table}`;
      await expectCount(`${SECOND_DATABASE} ${table}`, rows, () =>
        this.sql("coordinator", SECOND_DATABASE, count),
      );
    }
    for (const [table, rows] of Object.entries(OWN_ROW_COUNTS)) {
      const count = `SELECT count(*) FROM ${table}`;
      await expectCount(`own ${table}`, rows, () => this.sql("receiver", "postgres", count));
    }
    for (const [role, table] of [
      [ROLES.shop, "shop.customer"],
      [ROLES.billing, '"Billing"."Invoice Line"'],
      [ROLES.reporting, "shop.purchase"],
    ] as const) {
      await expectCount(`${table} as ${role}`, ROW_COUNTS[table] ?? "", () =>
        this.countAs(role, table, clients),
      );
    }
    return violations;
  }

  private async countAs(
    role: string,
    table: string,
    clients: { host: string; port: number },
  ): Promise<string> {
    const client = new Client({ ...clients, user: role, database: "postgres", password: this.password });
    client.on("error", () => undefined); // the query fails, too
    try {
      await client.connect();
      const { rows } = await client.query<{ count: string }>(`SELECT count(*)::text AS count FROM ${table}`);
      return rows[0]?.count ?? "none";
    } finally {
      await client.end();
    }
  }

  private sql(home: keyof Homes, database: string, statement: string): Promise<string> {
    const psql = ["psql", "-h", "127.0.0.1", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1"];
    return this.homes[home].docker("exec", CONTAINERS[home], ...psql, "-qAtc", statement);
  }
}
