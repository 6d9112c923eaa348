import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Session } from "../../../../operations/cluster/connection/session";
import { askNodes } from "../../../../operations/cluster/nodes/ask-nodes";

const TIMEOUT_MS = 8500;

/** How a node behaves: `deaf` takes no connection, `stuck` takes it and then says nothing. */
type Behaviour = "well" | "refuses" | "deaf" | "stuck";

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Acts as Citus 13.0.3 does: a statement connects to its nodes one after the other, and waits for each deaf one as long as
 * a connection may take; its own limit ends it with all its answers.
 */
class CoordinatorSession {
  readonly transport = { name: "ssh" as const, description: "ssh" };
  private connectMs = 30_000;
  private statementMs = Infinity;

  constructor(
    private readonly nodes: readonly Behaviour[],
    private readonly opened: { count: number },
    private readonly full = false,
  ) {}

  async open(): Promise<CoordinatorSession> {
    this.opened.count++;
    await sleep(500);
    if (this.full) throw new Error("sorry, too many clients already");
    return new CoordinatorSession(this.nodes, this.opened);
  }

  async end(): Promise<void> {}

  takeMessages(): never[] {
    return [];
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<object[]> {
    if (sql.includes("statement_timeout")) {
      [this.connectMs = 0, this.statementMs = 0] = parameters.map(Number);
      return [];
    }
    if (sql.includes("master_run_on_worker")) return this.run((parameters[1] as number[]).map(Number));
    if (sql.includes("citus_check_connection_to_node")) {
      const [answer] = await this.run([Number(parameters[1])]);
      return [{ ok: answer?.success }];
    }
    return [];
  }

  private async run(ports: readonly number[]): Promise<{ success: boolean; result: string }[]> {
    const kinds = ports.map((port) => this.nodes[port] ?? "well");
    const connecting = kinds.reduce((sum, kind) => sum + (kind === "deaf" ? this.connectMs : 20), 0);
    const time = kinds.includes("stuck") ? Infinity : connecting + 30;
    if (time > this.statementMs) {
      await sleep(this.statementMs);
      throw Object.assign(new Error("canceling statement due to statement timeout"), {
        code: "57014",
        severity: "ERROR",
      });
    }
    await sleep(time);
    return ports.map((port, index) =>
      kinds[index] === "well"
        ? { success: true, result: String(port) }
        : { success: false, result: `failed to connect to node:${port}` },
    );
  }
}

describe("asking many nodes by the few sessions of a tunnel", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** What the nodes answered, and after how long. */
  async function ask(nodes: readonly Behaviour[], full = false) {
    const opened = { count: 0 };
    const session = new CoordinatorSession(nodes, opened, full) as unknown as Session;
    const endpoints = nodes.map((_kind, port) => ({ host: "node", port }));
    const start = performance.now();
    let ended = NaN;
    const asking = askNodes(session, endpoints, "SELECT 1", TIMEOUT_MS).finally(() => {
      ended = performance.now() - start;
    });
    await vi.advanceTimersByTimeAsync(20 * TIMEOUT_MS);
    return { answers: await asking, time: ended, opened: opened.count };
  }

  it.each<[string, readonly Behaviour[]]>([
    ["nobody", []],
    ["two deaf ones", ["deaf", "deaf"]],
    ["twelve deaf ones", Array<Behaviour>(12).fill("deaf")],
    ["thirty-six deaf ones", Array<Behaviour>(36).fill("deaf")],
    ["one that is stuck", ["stuck"]],
    ["three that are stuck, in three groups", ["stuck", "stuck", "stuck"]],
    ["all kinds", ["stuck", "deaf", "refuses", "deaf", "refuses", "stuck", "deaf", "stuck", "deaf", "deaf"]],
  ])("hides no node behind %s, and is done in time", async (_title, silent) => {
    const nodes = [...silent, ...Array<Behaviour>(40 - silent.length).fill("well")];
    const { answers, time, opened } = await ask(nodes);
    expect(time).toBeLessThan(TIMEOUT_MS + 250);
    expect(answers.map((answer) => "value" in answer)).toEqual(nodes.map((kind) => kind === "well"));
    expect(opened).toBeLessThanOrEqual(2);
  });

  it("leaves time for all nodes also where no further session can be opened", async () => {
    const { answers, time, opened } = await ask(["stuck", "stuck", "stuck", "well", "well", "well"], true);
    expect(time).toBeLessThan(TIMEOUT_MS + 250);
    expect(opened).toBe(2);
    expect(answers.map((answer) => "value" in answer)).toEqual([false, false, false, true, true, true]);
  });

  it("tells early, and once, which ones give no value, so that others can be asked about them meanwhile", async () => {
    const told: { ports: number[]; leftMs: number; at: number }[] = [];
    const nodes: Behaviour[] = ["well", "refuses", "well", "stuck", "deaf"];
    const session = new CoordinatorSession(nodes, { count: 0 }) as unknown as Session;
    const endpoints = nodes.map((_kind, port) => ({ host: "node", port }));
    const start = performance.now();
    const asking = askNodes(session, endpoints, "SELECT 1", TIMEOUT_MS, (failing, leftMs) =>
      told.push({ ports: failing.map(({ port }) => port), leftMs, at: performance.now() - start }),
    );
    await vi.advanceTimersByTimeAsync(20 * TIMEOUT_MS);
    await asking;
    expect(told).toHaveLength(1);
    const [{ ports, leftMs, at } = { ports: [], leftMs: 0, at: NaN }] = told;
    // Those asked together with one that is stuck may be among them.
    expect(ports).toEqual(expect.arrayContaining([1, 3, 4]));
    expect(at).toBeLessThan(TIMEOUT_MS * 0.6);
    expect(at + leftMs).toBeCloseTo(TIMEOUT_MS, -2);
  });

  it("tells nothing of nodes that all answer", async () => {
    const session = new CoordinatorSession(["well", "well"], { count: 0 }) as unknown as Session;
    const told = vi.fn();
    const endpoints = [0, 1].map((port) => ({ host: "node", port }));
    const asking = askNodes(session, endpoints, "SELECT 1", TIMEOUT_MS, told);
    await vi.advanceTimersByTimeAsync(20 * TIMEOUT_MS);
    expect(await asking).toEqual([{ value: "0" }, { value: "1" }]);
    expect(told).not.toHaveBeenCalled();
  });

  it("is done in time also where every node is silent", async () => {
    const { answers, time } = await ask(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? "deaf" : "stuck")),
    );
    expect(time).toBeLessThan(TIMEOUT_MS + 250);
    for (const answer of answers) {
      expect(answer).toMatchObject({ failed: { what: expect.stringMatching(/not answer/) as string } });
    }
  });
});
