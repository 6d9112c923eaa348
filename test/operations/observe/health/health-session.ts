import type { ServerMessage } from "../../../../operations/cluster/connection/session";

/** libpq's words of a link that fails at once. */
export const EXAMPLE_FAILURE = "server closed the connection unexpectedly";

/**
 * How links behave that are other than quick, by the numbers of their nodes, `"1 2"`: how long a connection takes in
 * milliseconds, or that it fails, or that it is refused to all but `citus_check_connection_to_node`.
 */
export type LinkTimes = Readonly<Record<string, number | "fails" | "later">>;

const QUICK_MS = 20;

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A session on the coordinator `n0` of nodes `n0`, `n1`, ..., which connect one after the other, as those of Citus 13.0.3. */
export class HealthSession {
  readonly transport = { name: "ssh" as const, description: "ssh" };
  private messages: ServerMessage[] = [];
  private connectMs = 30_000;
  private statementMs = Infinity;

  constructor(
    private readonly nodes: number,
    private readonly links: LinkTimes,
    private readonly options: { readonly secondAttempts?: "hang" } = {},
  ) {}

  async open(): Promise<HealthSession> {
    return new HealthSession(this.nodes, this.links, this.options);
  }

  async end(): Promise<void> {}

  takeMessages(): ServerMessage[] {
    const messages = this.messages;
    this.messages = [];
    return messages;
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<object[]> {
    if (sql.includes("FROM pg_dist_node")) return Array.from({ length: this.nodes }, (_, n) => node(n));
    if (sql.includes("to_regclass")) return [{ there: false }];
    if (sql.includes("statement_timeout")) {
      const given = parameters.map(Number);
      this.statementMs = given.at(-1) ?? 0;
      if (given.length === 2) this.connectMs = given[0] ?? 0;
      return [];
    }
    if (sql.includes("master_run_on_worker")) {
      const [hosts, , statements] = parameters as [string[], number[], string[]];
      return this.inTime(this.run(hosts.map(numberOf), statements));
    }
    if (sql.includes("citus_check_connection_to_node")) {
      const to = numberOf(String(parameters[0]));
      return this.inTime(this.connect(0, to, this.connectMs, true).then((ok) => [{ ok }]));
    }
    return [];
  }

  private async inTime(work: Promise<object[]>): Promise<object[]> {
    const late = sleep(this.statementMs).then(() => {
      const text = "canceling statement due to statement timeout";
      throw Object.assign(new Error(text), { code: "57014", severity: "ERROR" });
    });
    return Promise.race([work, late]);
  }

  private async run(from: readonly number[], statements: readonly string[]): Promise<object[]> {
    const reached: boolean[] = [];
    for (const each of from) reached.push(await this.connect(0, each, this.connectMs, false));
    return Promise.all(
      from.map(async (each, index) => {
        if (reached[index] !== true) return { success: false, result: `failed to connect to n${each}:5432` };
        return { success: true, result: await this.answer(each, statements[index] ?? "") };
      }),
    );
  }

  private async answer(from: number, late: string): Promise<string> {
    // The question is a literal of the statement: see `immune`.
    const statement = late.replaceAll("''", "'");
    const limitMs = Number(/node_connection_timeout', '(\d+)'/.exec(statement)?.[1]);
    const attempt = /citus_check_connection_to_node\('n(\d+)'/.exec(statement)?.[1];
    if (attempt !== undefined) {
      if (this.options.secondAttempts === "hang") await new Promise(() => undefined);
      const started = performance.now();
      const reached = await this.connect(from, Number(attempt), limitMs, true);
      return JSON.stringify([reached, Math.round(performance.now() - started)]);
    }
    const all: boolean[] = [];
    const most = Number(/least\((\d+)/.exec(statement)?.[1]);
    for (let to = 0; to < this.nodes; to++) all.push(await this.connect(from, to, most, false));
    return JSON.stringify(all);
  }

  private async connect(from: number, to: number, limitMs: number, told: boolean): Promise<boolean> {
    const link = this.links[`${from} ${to}`] ?? QUICK_MS;
    if (link === "later" || link === "fails") {
      await sleep(QUICK_MS);
      if (link === "fails" && told) this.say(from, to, ` with the following error: ${EXAMPLE_FAILURE}`);
      return link === "later" && told;
    }
    await sleep(Math.min(link, limitMs));
    if (link > limitMs && told) this.say(from, to, "");
    return link <= limitMs;
  }

  private say(from: number, to: number, why: string): void {
    const text = `connection to the remote node postgres@n${to}:5432 failed${why}`;
    const detail = from === 0 ? "" : `from n${from}:5432`;
    this.messages.push({ severity: "DEBUG", code: "00000", text, detail });
  }
}

function node(groupid: number): object {
  const flags = { isactive: true, metadatasynced: true, shouldhaveshards: groupid > 0 };
  return { nodeid: groupid + 1, groupid, host: `n${groupid}`, port: 5432, ...flags };
}

function numberOf(host: string): number {
  return Number(host.slice(1));
}
