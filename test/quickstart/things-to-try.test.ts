import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { local } from "../../environments/local";
import { localCluster } from "../../quickstart/context";
import { thingsToTry } from "../../quickstart/summary";
import { formatTable } from "../../quickstart/table";

describe("things to try", () => {
  const image = "citusdata/citus:13.0.3";
  const standIns = { image: false, providers: false };
  const lines = thingsToTry({ cluster: localCluster(5432, image), port: 5432, standIns });

  it("are commands at the margin: a here-document that is pasted with blanks before its end never ends", () => {
    const start = lines.findIndex((line) => line.endsWith("<<'SQL'"));
    expect(start).toBeGreaterThan(0);
    expect(lines.indexOf("SQL")).toBeGreaterThan(start);
    expect(lines.filter((line) => /^\s+(?:npx|npm|perl)\b/.test(line))).toEqual([]);
  });

  it("are commands of pg-dist, and end with how to take it away", () => {
    expect(lines).toContain("npx pg-dist status local");
    expect(lines.at(-1)).toBe("npm run quickstart -- --destroy");
  });

  it("find the cluster on another port and with another image", () => {
    const options = {
      cluster: localCluster(5433, "x:17"),
      port: 5433,
      standIns: { ...standIns, image: true },
    };
    expect(thingsToTry(options)).toContain(
      "PGDIST_LOCAL_PORT=5433 PGDIST_LOCAL_IMAGE=x:17 npx pg-dist status local",
    );
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
