import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { callerOf } from "../../operations/base/caller/caller";
import { createProgram } from "../../operations/commands/index";
import { temporaryFolder } from "../synthesis";
import { readPage } from "./pages";

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const read = (path: string): unknown => parse(readPage(path).text, { strict: true });

const github = read("docs/ci/github-actions.yml") as {
  jobs: Record<string, { if: string; steps: Step[]; environment?: string }>;
};
const gitlab = read("docs/ci/gitlab-ci.yml") as Record<
  string,
  { stage: string; script: string[]; after_script?: string[]; rules: object[] }
>;
const gitlabJobs = ["review", "apply", "drift"].map((name) => gitlab[name]);

const MARK = "<!-- pg-dist review production -->";

const scripts = [
  ...Object.values(github.jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? [])),
  ...gitlabJobs.flatMap((job) => job?.script ?? []),
];

/** The script of a step of GitHub's job `review`. */
function stepOf(name: string): string {
  const step = github.jobs["review"]?.steps.find((each) => each.name === name);
  if (step?.run === undefined) throw new Error(`no step ${name}`);
  return step.run;
}

/** As a runner does: bash that ends at the first error, in a folder of its own. */
async function bash(folder: string, script: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn("bash", ["-e", "-o", "pipefail", "-c", script], {
    cwd: folder,
    env: { HOME: folder, ...env, PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, output };
}

/** A program on the PATH that writes down how it was called, and answers with a text. */
function stub(folder: string, name: string, answer = ""): () => string[] {
  const log = join(folder, `${name}.log`);
  writeFileSync(log, "");
  writeFileSync(join(folder, name), `#!/bin/sh\necho "$*" >>'${log}'\nprintf '%s' '${answer}'\n`);
  chmodSync(join(folder, name), 0o755);
  return () => readFileSync(log, "utf8").split("\n").filter(Boolean);
}

describe("the examples for continuous integration", () => {
  it("run commands and options that there are", () => {
    const program = createProgram(callerOf({}));
    const lines = scripts.flatMap((script) => [...script.matchAll(/npx pg-dist (\S+) production(.*)/g)]);
    expect(lines).toHaveLength(8);
    for (const [line, name = "", rest = ""] of lines) {
      const command = program.commands.find((each) => each.name() === name);
      expect(command, line).toBeDefined();
      const known = command?.options.map(({ long }) => long);
      for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(known, line).toContain(option);
    }
  });

  it("take actions by a version, and do the same first in each job", () => {
    for (const { steps } of Object.values(github.jobs)) {
      for (const { uses, run } of steps) expect(uses ?? run).toMatch(uses === undefined ? /\S/ : /@v\d+$/);
      expect(steps.slice(0, 5)).toEqual(github.jobs["review"]?.steps.slice(0, 5));
    }
  });

  it("give the key to ssh alone", async () => {
    const folder = temporaryFolder();
    const env = { SSH_KEY: "made up", KNOWN_HOSTS: "server-a ssh-ed25519 AAAA" };
    expect(await bash(folder, stepOf("Key and known hosts"), env)).toMatchObject({ code: 0, output: "" });
    const mode = await bash(folder, "stat -c '%a %n' .ssh .ssh/id_ed25519");
    expect(mode.output).toBe("700 .ssh\n600 .ssh/id_ed25519\n");
    expect(readFileSync(join(folder, ".ssh/known_hosts"), "utf8")).toBe("server-a ssh-ed25519 AAAA\n");
  });

  it("let pass what is refused only with a reason, as one word", async () => {
    const [line = ""] = scripts.filter((script) => script.includes("ALLOW"));
    const folder = temporaryFolder();
    const called = stub(folder, "npx");
    await bash(folder, line);
    await bash(folder, line, { ALLOW: "" });
    await bash(folder, `${line}; printf '%s\\n' "$#"`, { ALLOW: "a window on Sunday" });
    expect(called()).toEqual([
      "pg-dist review production",
      "pg-dist review production",
      "pg-dist review production --allow a window on Sunday",
    ]);
    expect(scripts.filter((script) => script.includes("ALLOW"))).toEqual([line, line]);
  });

  describe("on GitHub, comment", () => {
    const env = { GITHUB_REPOSITORY: "me/clusters", PULL_REQUEST: "7" };
    const comments = "repos/me/clusters/issues/7/comments";

    it("once, and rewrite it", async () => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "comment.md"), `${MARK}\n## production\n`);
      const first = stub(folder, "gh");
      expect(await bash(folder, stepOf("Comment"), env)).toMatchObject({ code: 0 });
      expect(first()).toEqual([
        `api --paginate ${comments} --jq .[] | select(.body | startswith("${MARK}")) | .id`,
        `api --silent --method POST ${comments} --field body=@comment.md`,
      ]);
      const second = stub(folder, "gh", "41\n42\n");
      expect(await bash(folder, stepOf("Comment"), env)).toMatchObject({ code: 0 });
      expect(second()[1]).toBe(
        "api --silent --method PATCH repos/me/clusters/issues/comments/41 --field body=@comment.md",
      );
    });

    it("nothing where there is no report", async () => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "comment.md"), "");
      const called = stub(folder, "gh");
      expect(await bash(folder, stepOf("Comment"), env)).toMatchObject({ code: 0 });
      expect(called()).toEqual([]);
    });
  });

  describe("on GitLab, comment", () => {
    const [script = ""] = gitlab["review"]?.after_script ?? [];

    it("once, and rewrite it, wherever it stands among the others", async () => {
      const folder = temporaryFolder();
      const body = `${MARK}\n## production\n`;
      writeFileSync(join(folder, "comment.md"), body);
      const pages: { id: number; body: string }[][] = [[{ id: 1, body: "fine" }], [{ id: 2, body: "why?" }]];
      const asked: string[] = [];
      const server = createServer((request, response) => {
        let content = "";
        request.on("data", (chunk: Buffer) => (content += chunk.toString()));
        request.on("end", () => {
          const url = new URL(request.url ?? "", "http://gitlab");
          const page = Number(url.searchParams.get("page"));
          asked.push(
            `${request.method ?? ""} ${url.pathname} ${String(request.headers["private-token"])} ${content}`,
          );
          response.setHeader("x-next-page", page > 0 && page < pages.length ? String(page + 1) : "");
          response.end(JSON.stringify(pages[page - 1] ?? {}));
        });
      });
      try {
        const env = { CI_API_V4_URL: await listen(server), CI_PROJECT_ID: "5", CI_MERGE_REQUEST_IID: "7" };
        const notes = "/projects/5/merge_requests/7/notes";
        expect(await bash(folder, script, { ...env, GITLAB_TOKEN: "made-up" })).toMatchObject({ code: 0 });
        const content = JSON.stringify({ body });
        expect(asked).toEqual([
          ...[`GET ${notes} made-up `, `GET ${notes} made-up `, `POST ${notes} made-up ${content}`],
        ]);
        pages.push([{ id: 3, body }]);
        asked.length = 0;
        expect(await bash(folder, script, { ...env, GITLAB_TOKEN: "made-up" })).toMatchObject({ code: 0 });
        expect(asked.at(-1)).toBe(`PUT ${notes}/3 made-up ${content}`);
      } finally {
        server.close();
      }
    });
  });
});

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
