import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { local } from "../../environments/local";
import { localCluster } from "../../quickstart/context";
import { thingsToTry } from "../../quickstart/summary";
import { formatTable } from "../../quickstart/table";

describe("things to try", () => {
  const lines = thingsToTry(localCluster(5432, "citusdata/citus:13.0.3"));

  it("are commands at the margin: a here-document that is pasted with blanks before its end never ends", () => {
    const start = lines.findIndex((line) => line.endsWith("<<'SQL'"));
    expect(start).toBeGreaterThan(0);
    expect(lines.indexOf("SQL")).toBeGreaterThan(start);
    expect(lines.filter((line) => /^\s+(?:docker|npm|perl)\b/.test(line))).toEqual([]);
  });

  it("go to the coordinator's container, and end with how to take it away", () => {
    expect(lines).toContain("docker exec -it citus-coordinator psql -U postgres -d postgres");
    expect(lines.at(-1)).toBe("npm run quickstart -- --destroy");
  });

  it("change the number of workers that environments/local.ts has", () => {
    const text = readFileSync(join(__dirname, "../../environments/local.ts"), "utf8");
    const [, pattern, replacement] =
      /^perl -pi -e 's\/(.*)\/(.*)\/'/.exec(lines.find((line) => /^perl/.test(line)) ?? "") ?? [];
    const count = local.workers?.local as number;
    expect(replacement).toBe(`workers: { local: ${count + 1} }`);
    expect(text.replace(new RegExp(pattern ?? ""), replacement ?? "")).toContain(replacement);
  });
});

describe("the node table", () => {
  it("has columns of equal width", () => {
    const rows = [
      { node: "citus-coordinator:5432", shards: "0" },
      { node: "citus-worker1:5432", shards: "16" },
    ];
    expect(formatTable(rows)).toBe(
      [
        "node                    shards",
        "----------------------  ------",
        "citus-coordinator:5432  0",
        "citus-worker1:5432      16",
      ].join("\n"),
    );
    expect(formatTable([])).toBe("(none)");
  });
});
