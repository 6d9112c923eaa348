import { join } from "node:path";
import { ESLint } from "eslint";
import { describe, expect, it } from "vitest";
import { whyForbidden } from "../../lint/floors.mjs";

const ROOT = join(__dirname, "../..");

describe("the rule of imports", () => {
  it("lets a floor use what stands lower", () => {
    expect(
      whyForbidden("operations/observe/status/judge.ts", "operations/cluster/nodes/recorded"),
    ).toBeUndefined();
    expect(
      whyForbidden("operations/cluster/nodes/lock.ts", "operations/cluster/connection/session"),
    ).toBeUndefined();
    expect(whyForbidden("main.ts", "stacks/citus-stack")).toBeUndefined();
  });

  it("refuses what stands higher, or beside it", () => {
    expect(whyForbidden("operations/cluster/nodes/lock.ts", "operations/change/register")).toBe(
      "operations/cluster may not import operations/change, only operations/docker, operations/base, model",
    );
    expect(whyForbidden("operations/change/drain/drain.ts", "operations/observe/status/judge")).toContain(
      "may not import operations/observe",
    );
    expect(whyForbidden("model/cluster.ts", "constructs/guard")).toBe(
      "model may not import constructs, only its own files",
    );
    expect(whyForbidden("quickstart/up.ts", "test/e2e/deployment")).toContain("stands on no floor");
  });

  it("keeps the changes and the commands apart, but for what composes them", () => {
    expect(
      whyForbidden("operations/change/removal/removal.ts", "operations/change/drain/drain"),
    ).toBeUndefined();
    expect(whyForbidden("operations/change/register.ts", "operations/change/rebalance/job")).toBeUndefined();
    expect(whyForbidden("operations/change/drain/drain.ts", "operations/change/removal/removal")).toContain(
      "who needs both composes them",
    );
    expect(whyForbidden("operations/change/drain/drain.ts", "operations/change/register")).toBe(
      "operations/change/drain may not import what composes it",
    );
    expect(
      whyForbidden("operations/commands/nodes/command.ts", "operations/commands/status/screen"),
    ).toBeDefined();
  });

  it("is one of ESLint's, with the one against circles", async () => {
    const eslint = new ESLint({ cwd: ROOT });
    const lint = async (text: string, file: string) =>
      (await eslint.lintText(text, { filePath: join(ROOT, file) })).flatMap(({ messages }) =>
        messages.map(({ ruleId }) => ruleId),
      );
    expect(
      await lint(
        'import type { Snapshot } from "../../observe/status/snapshot";\nexport type All = Snapshot;\n',
        "operations/cluster/nodes/lock.ts",
      ),
    ).toEqual(["house/floors"]);
    expect(
      await lint(
        'import { Session } from "./session";\nexport const all = [Session];\n',
        "operations/base/failure.ts",
      ),
    ).toEqual([]);
    expect(
      await lint(
        'import { connect } from "./connect";\nexport const all = [connect];\n',
        "operations/cluster/connection/session.ts",
      ),
    ).toContain("import-x/no-cycle");
  });
});
