import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MockAgent } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CloudApi } from "../../../../operations/terraform/cloud/api";
import {
  RemoteRuns,
  isRun,
  runIn,
  runOf,
  workspaceOf,
} from "../../../../operations/terraform/cloud/remote-runs";

const HOST = "tfe.example.com";
const ENV = { TF_TOKEN_tfe_example_com: "made-up" };
const WORKSPACE = { hostname: HOST, organization: "acme", name: "production" };

/** Answers as HCP Terraform does, under the address that its service discovery says. */
function serve(answers: Readonly<Record<string, { status?: number; body?: unknown }>>) {
  const agent = new MockAgent();
  agent.disableNetConnect();
  const pool = agent.get(`https://${HOST}`);
  const asked: string[] = [];
  const discovery: Parameters<typeof serve>[0] = {
    "/.well-known/terraform.json": { body: { "tfe.v2": "/api/v2/" } },
  };
  for (const [key, { status = 200, body }] of Object.entries({ ...discovery, ...answers })) {
    const [, method = "GET", path = key] = /^(\w+) (.*)$/.exec(key) ?? [];
    pool
      .intercept({ path, method })
      .reply(status, ({ headers }) => {
        const { authorization } = headers as Record<string, string | undefined>;
        asked.push(`${method} ${path} ${authorization ?? "without a token"}`);
        return body === undefined ? "" : JSON.stringify(body);
      })
      .persist();
  }
  return { api: new CloudApi(HOST, ENV, agent), asked };
}

const workspace = (mode: string) => ({
  "/api/v2/organizations/acme/workspaces/production": {
    body: { data: { attributes: { "execution-mode": mode } } },
  },
});
const run = (discardable: boolean) => ({
  "/api/v2/runs/run-1": {
    body: {
      data: {
        attributes: { actions: { "is-discardable": discardable } },
        relationships: { plan: { data: { id: "plan-1" } } },
      },
    },
  },
});

async function openRuns(answers: Parameters<typeof serve>[0]) {
  const { api, asked } = serve(answers);
  const runs = await RemoteRuns.open(WORKSPACE, ENV, api);
  if (runs === undefined) throw new Error("runs are made here");
  return { runs, asked };
}

describe("the workspace of a stack", () => {
  it("is what the stack says", () => {
    const cloud = { organization: "acme", workspaces: { name: "production" } };
    const stack = { terraform: { cloud: { ...cloud, hostname: HOST } } };
    expect(workspaceOf(stack, {})).toEqual(WORKSPACE);
    expect(workspaceOf({ terraform: { cloud } }, {})?.hostname).toBe("app.terraform.io");
    expect(workspaceOf({ terraform: { cloud } }, { TF_CLOUD_HOSTNAME: HOST })?.hostname).toBe(HOST);
    expect(workspaceOf({ terraform: {} }, {})).toBeUndefined();
  });
});

describe("runs that a server makes", () => {
  it("are none where its workspace executes locally", async () => {
    expect(await RemoteRuns.open(WORKSPACE, ENV, serve(workspace("local")).api)).toBeUndefined();
  });

  it.each(["remote", "agent"])("are read of a workspace that executes by %s", async (mode) => {
    const plan = { terraform_version: "1.11.4", resource_changes: [] };
    const answers = { ...workspace(mode), ...run(true), "/api/v2/plans/plan-1/json-output": { body: plan } };
    const { runs, asked } = await openRuns(answers);
    expect(await runs.readPlan("run-1")).toEqual(plan);
    expect(asked[0]).toBe("GET /.well-known/terraform.json without a token");
    expect(asked.slice(1).every((each) => each.endsWith(" Bearer made-up"))).toBe(true);
    expect(runs.addressOf("run-1")).toBe("https://tfe.example.com/app/acme/production/runs/run-1");
  });

  it("are discarded while they wait, and left as they are afterwards", async () => {
    const discard = { "POST /api/v2/runs/run-1/actions/discard": { status: 202 } };
    const waiting = await openRuns({ ...workspace("remote"), ...run(true), ...discard });
    expect(await waiting.runs.discard("run-1")).toBe(true);
    expect(waiting.asked.at(-1)).toBe("POST /api/v2/runs/run-1/actions/discard Bearer made-up");
    const ended = await openRuns({ ...workspace("remote"), ...run(false) });
    expect(await ended.runs.discard("run-1")).toBe(false);
    expect(ended.asked.at(-1)).toMatch(/^GET /);
  });

  it("are not read of one without a plan", async () => {
    const { runs } = await openRuns({
      ...workspace("remote"),
      ...run(false),
      "/api/v2/plans/plan-1/json-output": { status: 204 },
    });
    await expect(runs.readPlan("run-1")).rejects.toThrow("run run-1 has no plan that can be read");
  });
});

describe("a server that doesn't answer as one would like", () => {
  it.each([
    [
      401,
      "tfe.example.com refuses the token: terraform login tfe.example.com, or set TF_TOKEN_tfe_example_com",
    ],
    [404, "tfe.example.com has no workspace acme/production, or doesn't show it to this token: "],
    [503, "tfe.example.com answers 503 when asked for workspace acme/production: try again later"],
  ])("says %i", async (status, text) => {
    const { api } = serve({ "/api/v2/organizations/acme/workspaces/production": { status } });
    await expect(RemoteRuns.open(WORKSPACE, ENV, api)).rejects.toThrow(text);
  });

  it("is another server", async () => {
    const { api } = serve({ "/.well-known/terraform.json": { body: { "modules.v1": "/modules" } } });
    await expect(RemoteRuns.open(WORKSPACE, ENV, api)).rejects.toThrow(
      "is not HCP Terraform or Terraform Enterprise",
    );
  });

  it("can't be asked without a token, nor where it can't be reached", async () => {
    const { api } = serve({});
    await expect(RemoteRuns.open(WORKSPACE, ENV, api)).rejects.toThrow("tfe.example.com can't be reached: ");
    const nobody = new CloudApi(HOST, { HOME: "/nowhere" });
    await expect(RemoteRuns.open(WORKSPACE, {}, nobody)).rejects.toThrow(
      "there is no token for tfe.example.com: terraform login tfe.example.com, ",
    );
    const tofu = new CloudApi(HOST, { HOME: "/nowhere", TERRAFORM_BINARY_NAME: "tofu" });
    await expect(RemoteRuns.open(WORKSPACE, {}, tofu)).rejects.toThrow(": tofu login tfe.example.com, ");
  });

  it.each(["s3cret\n", "s3cret s3cret", "s3cr\u00e9t", "\u201cs3cret\u201d"])(
    "is not shown the token %j, and nobody else is",
    async (token) => {
      const api = new CloudApi(HOST, { TF_TOKEN_tfe_example_com: token });
      const opened = RemoteRuns.open(WORKSPACE, {}, api);
      await expect(opened).rejects.toThrow("correct it in TF_TOKEN_tfe_example_com");
      await expect(opened).rejects.not.toThrow("s3cr");
    },
  );
});

describe("a saved plan", () => {
  let folder = "";
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "pg-dist-plan-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ["a run", '{"remote_plan_format":1,"run_id":"run-1","hostname":"tfe.example.com"}', "run-1"],
    ["a plan itself", "PK\u0003\u0004...", undefined],
    ["another JSON", '{"run_id":"run-1"}', undefined],
    ["half a file", '{"remote_plan_format":1,"run', undefined],
    ["nothing", "", undefined],
  ])("stands for %s", (_, text, expected) => {
    const file = join(folder, "plan");
    writeFileSync(file, text);
    expect(runOf(file)).toBe(expected);
  });

  it("is made of a run as Terraform makes it", async () => {
    const { runs } = await openRuns(workspace("remote"));
    const file = join(folder, "plan");
    writeFileSync(file, runs.bookmark("run-1"));
    expect(runOf(file)).toBe("run-1");
  });

  it("is told in Terraform's output", () => {
    const address = "https://tfe.example.com/app/acme/production/runs/run-gWXBKPvb9S51NUP6";
    expect(runIn(`To view this run in a browser, visit:\n${address}\n\nWaiting`)).toEqual({
      address,
      run: "run-gWXBKPvb9S51NUP6",
    });
    expect(runIn("Terraform will perform the following actions:")).toBeUndefined();
    expect([isRun("run-gWXBKPvb9S51NUP6"), isRun("reviewed.plan"), isRun("run-1/x")]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
