import { describe, expect, it } from "vitest";
import { Failure, problemsFailure } from "../../../operations/base/failure";
import {
  AGAIN,
  OTHER_TRANSPORT,
  advise,
  commandIn,
  helpOf,
  joinRemedies,
  render,
  rendering,
  typed,
} from "../../../operations/base/remedy";

const HOME = { environment: "production", database: "app" };

describe("a remedy", () => {
  it("says to each reader what he does", () => {
    const remedy = advise`mend the network, then ${AGAIN}, or ${OTHER_TRANSPORT}`;
    expect(render(remedy, "terraform")).toBe("mend the network, then apply again, or set PGDIST_VIA");
    expect(render(remedy, "person")).toBe("mend the network, then run it again, or choose a way with --via");
  });

  it("keeps the parts of one that is put into it", () => {
    const inner = advise`start it and ${AGAIN}`;
    const failure = new Failure("it is down", advise`${inner}; it ${2}-times failed`);
    expect(render(failure.remedy, "terraform")).toBe("start it and apply again; it 2-times failed");
    const problem = { node: "a/worker1", what: "is down", remedy: inner };
    const [line = ""] = problemsFailure([problem, problem], "nothing was done").detail;
    expect(render(line, "person")).toBe("a/worker1: is down: start it and run it again");
  });

  it("is a string where it is the same for all, and one line", () => {
    expect(advise`see its log,
      of ${"a"}`).toBe("see its log, of a");
    expect(advise`${AGAIN}`).not.toBeTypeOf("string");
  });

  it("is told once where several faults have it", () => {
    const remedies = [advise`start it and ${AGAIN}`, "wait", advise`start it and ${AGAIN}`];
    expect(render(joinRemedies(remedies, "; then "), "person")).toBe("start it and run it again; then wait");
  });

  it("becomes words in JSON", () => {
    const findings = [
      { check: "server", remedy: advise`see ${commandIn(HOME, "status")}` },
      { remedy: null },
    ];
    expect(JSON.parse(JSON.stringify(findings, rendering("person")))).toEqual([
      { check: "server", remedy: "see `npx pg-dist status production`" },
      { remedy: null },
    ]);
  });
});

describe("a command in a remedy", () => {
  it.each([
    [commandIn(HOME, "status"), "npx pg-dist status production"],
    [
      commandIn({ environment: "production" }, "add", "a/worker1", "--wipe"),
      "npx pg-dist add production a/worker1 --wipe",
    ],
    [
      commandIn({ ...HOME, database: "it's", homeDatabase: "app" }, "remove", "a b"),
      "npx pg-dist remove production --database 'it'\\''s' 'a b'",
    ],
    [
      commandIn({ url: "postgres://a@b:5432/c?x=y" }, "tables"),
      "npx pg-dist tables --url 'postgres://a@b:5432/c?x=y'",
    ],
    [
      commandIn({ environment: "production" }, "logs", "a/worker1", "--grep", "ERROR|FATAL"),
      "npx pg-dist logs production a/worker1 --grep 'ERROR|FATAL'",
    ],
    [helpOf("rebalance"), "npx pg-dist rebalance --help"],
  ])("can be pasted", (command, expected) => {
    expect(typed(command)).toBe(expected);
    expect(render(advise`see ${command}`, "terraform")).toBe(`see \`${expected}\``);
  });

  it("is only named where there is no cluster to name", () => {
    expect(render(advise`${commandIn({ database: "app" }, "activity")} shows them`, "person")).toBe(
      "activity shows them",
    );
  });
});
