import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXIT, type Failure } from "../../../../operations/base/failure";
import { commandIn } from "../../../../operations/base/remedy";
import {
  type Present,
  findChanges,
  findOtherVariables,
} from "../../../../operations/observe/review/find-changes";
import {
  type Live,
  type ReviewRecord,
  loadReview,
  recordFileOf,
  saveReview,
} from "../../../../operations/observe/review/review-record";
import { someFingerprint } from "./some-fingerprint";

const ASKED: Live = { kind: "asked", fingerprint: someFingerprint() };
const SILENT: Live = { kind: "unanswered", cause: "connection refused" };
const LEFT_OUT: Live = { kind: "left-out" };

const RECORD: Omit<ReviewRecord, "version" | "reviewedAt"> = {
  ...{ environment: "production", cluster: "citus", terraform: "1.11.4", plan: "a".repeat(64) },
  ...{ files: { "cdk.tf.json": "1" }, refusals: [], allowed: null, live: ASKED },
};

const PRESENT: Present = {
  environment: "production",
  plan: "a".repeat(64),
  files: { "cdk.tf.json": "1" },
  live: ASKED,
};

const again = commandIn({ environment: "production" }, "review");

describe("the record of a review", () => {
  let folder = "";
  let plan = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pg-dist-record-"));
    plan = join(folder, "reviewed.plan");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is read back as it was written, for its owner alone and without a secret", () => {
    saveReview(plan, { ...RECORD, live: { kind: "unanswered", cause: "no pass-word" } }, (text) =>
      text.replaceAll("pass-word", "***"),
    );
    expect(loadReview(plan, again)).toMatchObject({
      ...{ version: 1, environment: "production", reviewedAt: expect.stringMatching(/^\d{4}-/) as string },
      live: { cause: "no ***" },
    });
    expect(statSync(recordFileOf(plan)).mode & 0o777).toBe(0o600);
    writeFileSync(recordFileOf(plan), "", { mode: 0o644 });
    saveReview(plan, RECORD, (text) => text);
    expect(statSync(recordFileOf(plan)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ["", /can't be read/],
    ["{", /can't be read/],
    ["null", /no review that this program reads \(version undefined, not 1\)/],
    ['{"version": 2}', /no review that this program reads \(version 2, not 1\)/],
  ])("is refused where it is %j", (text, expected) => {
    writeFileSync(recordFileOf(plan), text);
    expect(refusalOf(() => loadReview(plan, again))).toMatch(expected);
  });

  it("is refused where there is none", () => {
    expect(refusalOf(() => loadReview(plan, again))).toMatch(/^the plan was not reviewed: there is no /);
  });

  it("of a redactor that would break it is refused, and not read wrongly", () => {
    saveReview(plan, RECORD, (text) => text.replaceAll('"', "***"));
    expect(readFileSync(recordFileOf(plan), "utf8")).toContain("***");
    expect(refusalOf(() => loadReview(plan, again))).toMatch(/can't be read/);
  });
});

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect((error as Failure).exitCode).toBe(EXIT.refused);
    return (error as Failure).summary;
  }
  throw new Error("It was not refused.");
}

describe("what has changed since a review", () => {
  const changes = (record: Partial<ReviewRecord>, present: Partial<Present> = {}) =>
    findChanges({ version: 1, reviewedAt: "", ...RECORD, ...record }, {
      ...PRESENT,
      ...present,
    } as typeof PRESENT);

  it("is nothing", () => {
    expect(changes({})).toEqual([]);
  });

  it("is all that there is, in one go", () => {
    const refusals = [{ code: "image", nodes: [], what: "an older Citus" }] as const;
    const present = { plan: "b".repeat(64), files: { "cdk.tf.json": "2" }, live: SILENT };
    expect(changes({ environment: "staging", refusals }, present)).toEqual([
      "the review is of environment staging",
      "the plan is not the one that was reviewed (its SHA-256 is bbbbbbbbbbbb, not aaaaaaaaaaaa)",
      "the review refused it: an older Citus",
      "cdk.tf.json of the stack is not the one that was reviewed",
      "the cluster could be queried at the review, and can't be queried now: connection refused",
    ]);
  });

  it("is not what was allowed", () => {
    const refusals = [{ code: "image", nodes: [], what: "an older Citus" }] as const;
    expect(changes({ refusals, allowed: "on Sunday" })).toEqual([]);
  });

  it.each([
    [SILENT, SILENT, []],
    [LEFT_OUT, ASKED, []],
    [LEFT_OUT, SILENT, []],
    [SILENT, ASKED, ["the cluster could not be queried at the review (connection refused), and answers now"]],
  ])("of a cluster that was %j and is %j", (then, now, expected) => {
    expect(changes({ live: then }, { live: now })).toEqual(expected);
  });

  it("of the variables is said without their values", () => {
    const plan = { variables: { postgres_password: { value: "one" }, ca: { value: "same" }, other: {} } };
    const env = { TF_VAR_postgres_password: "two", TF_VAR_ca: "same", TF_VAR_other: "x" };
    expect(findOtherVariables(plan, env)).toEqual([
      "TF_VAR_postgres_password is not what it was when the plan was made",
    ]);
    expect(findOtherVariables({}, env)).toEqual([]);
  });
});
