import { readFileSync } from "node:fs";
import { Failure } from "../../base/failure";
import type { PlanJson } from "../plan";
import type { StackJson } from "../stack-file";
import type { CloudApi } from "./api";

/** A workspace of HCP Terraform. */
export interface Workspace {
  readonly hostname: string;
  readonly organization: string;
  readonly name: string;
}

/** The workspace that a stack keeps its state in; undefined with any other backend. */
export function workspaceOf(
  { terraform }: StackJson,
  env: Readonly<NodeJS.ProcessEnv>,
): Workspace | undefined {
  const cloud = terraform?.cloud;
  if (cloud === undefined) return undefined;
  const { hostname = env.TF_CLOUD_HOSTNAME || "app.terraform.io", organization, workspaces } = cloud;
  return { hostname, organization, name: workspaces.name };
}

/** What Terraform writes for `-out` where the plan is kept by a server. */
interface Bookmark {
  readonly remote_plan_format: number;
  readonly run_id: string;
  readonly hostname: string;
}

/** The run that a plan's file stands for; undefined where the file is a plan itself. */
export function runOf(file: string): string | undefined {
  // A plan is an archive of megabytes, and begins with "PK".
  const bytes = readFileSync(file);
  if (bytes[0] !== "{".charCodeAt(0)) return undefined;
  try {
    const { remote_plan_format: format, run_id: run } = JSON.parse(
      bytes.toString("utf8"),
    ) as Partial<Bookmark>;
    return format === undefined ? undefined : run;
  } catch {
    return undefined;
  }
}

/** Whether it is the id of a run. */
export function isRun(text: string): boolean {
  return /^run-\w+$/.test(text);
}

/** `https://app.terraform.io/app/acme/production/runs/run-CZcmD7eagjhyX0vN` */
const ADDRESS = /https:\/\/\S+\/runs\/(run-\w+)/;

/** The run's page, and its id, where a line of Terraform's output says it. */
export function runIn(text: string): { readonly address: string; readonly run: string } | undefined {
  const [address, run] = ADDRESS.exec(text) ?? [];
  return address === undefined || run === undefined ? undefined : { address, run };
}

interface WorkspaceAnswer {
  readonly data: { readonly attributes: { readonly "execution-mode": string } };
}

interface RunAnswer {
  readonly data: {
    readonly attributes: {
      readonly status?: string;
      readonly actions?: { readonly "is-discardable"?: boolean };
    };
    readonly relationships: { readonly plan: { readonly data: { readonly id: string } } };
  };
}

/** Runs that a server carries out, by itself or by an agent. */
export class RemoteRuns {
  private constructor(
    readonly workspace: Workspace,
    private readonly api: CloudApi,
  ) {}

  /**
   * @returns undefined where the server keeps the state alone, and plans are made on this machine (execution mode "local")
   * @throws Failure
   */
  static async open(
    workspace: Workspace,
    env: Readonly<NodeJS.ProcessEnv>,
    given?: CloudApi,
  ): Promise<RemoteRuns | undefined> {
    const { hostname, organization, name } = workspace;
    // Its HTTP client takes a third of a command's start, and few stacks have a workspace.
    const api = given ?? new (await import("./api.js")).CloudApi(hostname, env);
    const answer = (await api.get(
      `/organizations/${encodeURIComponent(organization)}/workspaces/${encodeURIComponent(name)}`,
      `workspace ${organization}/${name}`,
    )) as WorkspaceAnswer;
    return answer.data.attributes["execution-mode"] === "local" ? undefined : new RemoteRuns(workspace, api);
  }

  /** A run's page, as Terraform prints it. */
  addressOf(run: string): string {
    const { hostname, organization, name } = this.workspace;
    return `https://${hostname}/app/${organization}/${name}/runs/${run}`;
  }

  /** What Terraform takes for a saved plan: a file with this text. */
  bookmark(run: string): string {
    const { hostname } = this.workspace;
    return JSON.stringify({ remote_plan_format: 1, run_id: run, hostname } satisfies Bookmark);
  }

  /** The plan of a run, with the values of all variables. */
  async readPlan(run: string): Promise<PlanJson> {
    const { id } = (await this.read(run)).relationships.plan.data;
    const plan = await this.api.get(`/plans/${id}/json-output`, `plan of run ${run}`);
    if (plan === null || typeof plan !== "object")
      throw new Failure(
        `run ${run} has no plan that can be read`,
        "look at it there: it may have failed, or may still be running",
      );
    return plan;
  }

  /**
   * Has a run end that waits to be confirmed, so that nobody confirms it, and none waits for it.
   *
   * @returns whether it waited; one that has ended stays as it is
   */
  async discard(run: string): Promise<boolean> {
    if ((await this.read(run)).attributes.actions?.["is-discardable"] !== true) return false;
    await this.api.post(`/runs/${run}/actions/discard`, `run ${run}`);
    return true;
  }

  /** How far a run is, in the server's word: `applying`, `applied`, `errored`, `canceled`, ... */
  async statusOf(run: string): Promise<string | undefined> {
    return (await this.read(run)).attributes.status;
  }

  private async read(run: string): Promise<RunAnswer["data"]> {
    return ((await this.api.get(`/runs/${run}`, `run ${run}`)) as RunAnswer).data;
  }
}
