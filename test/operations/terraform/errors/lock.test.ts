import { describe, expect, it } from "vitest";
import { EXIT } from "../../../../operations/base/failure";
import { render } from "../../../../operations/base/remedy";
import { parseDiagnostics } from "../../../../operations/terraform/errors/diagnostic";
import { terraformFailure } from "../../../../operations/terraform/errors/explain";
import type { LockHolder } from "../../../../operations/terraform/errors/lock-info";
import { silentBackendOf } from "../../../../operations/terraform/errors/lock";

const FOLDER = "cdktf.out/stacks/production";

const TAIL = `

Terraform acquires a state lock to protect the state from being written
by multiple users at the same time. Please resolve the issue above and try
again. For most commands, you can disable locking with the "-lock=false"
flag, but this is not recommended.`;

const info = (id: string, who: string, created = "2026-11-29 21:09:20.865228181 +0000 UTC") => `Lock Info:
  ID:        ${id}
  Path:      acme-state/citus.tflock
  Operation: OperationTypeApply
  Who:       ${who}
  Version:   1.11.4
  Created:   ${created}
  Info:      
`;

/** What Terraform prints where a lock can't be taken. */
const met = (cause: string, told = "") =>
  `\nError: Error acquiring the state lock\n\nError message: ${cause}\n${told}${TAIL}\n`;

function tell(printed: string, holder?: LockHolder): string {
  const { summary, remedy, exitCode } = terraformFailure(parseDiagnostics(printed), "plan", {
    ...{ environment: "production", binary: "terraform", folder: FOLDER },
    ...(holder !== undefined && { holder }),
  });
  expect(exitCode).toBe(EXIT.failed);
  return `${summary}: ${render(remedy, "person")}`;
}

const BY_CI =
  "another Terraform holds the lock of this state: ci@runner, apply, since 2026-11-29 21:09:20 UTC";

const released = (id: string) =>
  `wait until it ends; if it is dead, \`terraform force-unlock ${id}\` in ${FOLDER} releases the lock`;

/**
 * The texts of local, pg, http, s3 and gcs are those of Terraform 1.11.4: local and pg of locks that were held, the others of
 * a server that answered as theirs do. The rest is put together as Terraform's sources do it.
 */
describe("the lock of a state that another Terraform holds", () => {
  it("in a file", () => {
    expect(tell(met("resource temporarily unavailable", info("50adb410", "ci@runner")))).toBe(
      `${BY_CI}: wait until it ends; the lock of a state in a file is released when the process that holds it ends`,
    );
  });

  it.each([
    [
      "S3, with its lock file",
      "operation error S3: PutObject, https response error\nStatusCode: 412, RequestID: R1, HostID: , api error PreconditionFailed: At\nleast one of the pre-conditions you specified did not hold",
    ],
    [
      "S3, with DynamoDB",
      "operation error DynamoDB: PutItem, https response error\nStatusCode: 400, RequestID: R1, ConditionalCheckFailedException: The conditional request failed",
    ],
    ["azurerm", "state blob is already locked"],
    ["kubernetes", "the state is already locked by another terraform client"],
    ["consul, which says no more", ""],
    [
      "GCS",
      'writing "gs://acme-state/citus/default.tflock" failed: googleapi: Error 412: At least one of the pre-conditions you specified did not hold., conditionNotMet',
    ],
    ["HTTP, as newer Terraforms tell it", "HTTP remote state already locked:\nID=50adb410"],
  ])("of %s", (_backend, cause) => {
    const printed = met(cause, info("50adb410", "ci@runner"));
    expect(tell(printed)).toBe(`${BY_CI}: ${released("50adb410")}`);
    expect(parseDiagnostics(printed).map(silentBackendOf)).toEqual([undefined]);
  });

  it("of a state that GCS doesn't have yet, which Terraform says in other words", () => {
    const printed = `Error: Error loading state: writing "gs://acme-state/citus/default.tflock" failed: googleapi: Error 412: At least one of the pre-conditions you specified did not hold., conditionNotMet\n${info("1732914560123456", "ci@runner")}\n`;
    expect(tell(printed)).toBe(`${BY_CI}: ${released("1732914560123456")}`);
  });

  it("where the backend doesn't say who has it", () => {
    expect(tell(met('state blob is already locked\nblob metadata "terraformlockid" was empty'))).toBe(
      `another Terraform holds the lock of this state: ${released("ID")}`,
    );
  });

  it("of HTTP, where Terraform has the ID of the lock, and the rest is about the run that failed", () => {
    const printed = met("HTTP remote state already locked:\nID=50adb410", info("1d4aa118", "me@here"));
    expect(parseDiagnostics(printed).map(silentBackendOf)).toEqual(["http"]);
    expect(tell(printed)).toBe(`another Terraform holds the lock of this state: ${released("50adb410")}`);
    expect(tell(printed, { words: "ci@runner, apply" })).toBe(
      `another Terraform holds the lock of this state: ci@runner, apply: ${released("50adb410")}`,
    );
    const mute = met(
      "HTTP remote state already locked, failed to unmarshal body",
      info("1d4aa118", "me@here"),
    );
    expect(tell(mute)).toBe(`another Terraform holds the lock of this state: ${released("ID")}`);
  });

  it("of pg, where Terraform names the run that failed", () => {
    const printed = met("Workspace is already locked: default", info("ccd947c6", "me@here"));
    expect(parseDiagnostics(printed).map(silentBackendOf)).toEqual(["pg"]);
    expect(tell(printed)).toBe(
      "another Terraform holds the lock of this state: wait until it ends; the lock is released with its session: pg_locks and " +
        "pg_stat_activity of the database that has the state show whose it is",
    );
    expect(tell(printed, { words: "terraform from 10.0.0.9, since 2026-11-29 21:09:20 UTC", pid: 77 })).toBe(
      "another Terraform holds the lock of this state: terraform from 10.0.0.9, since 2026-11-29 21:09:20 UTC: wait until it " +
        "ends; the lock is released with its session: if that is dead, SELECT pg_terminate_backend(77) in the database that has the " +
        "state ends it",
    );
  });

  it.each([
    "Already locked for workspace creation: default",
    "Cannot lock workspace; already locked for workspace creation: default",
  ])("of pg, where it is a new state that is made: %s", (cause) => {
    expect(
      tell(met(cause, info("ccd947c6", "me@here")), { words: "terraform from 10.0.0.9", pid: 77 }),
    ).toMatch(
      /^another Terraform is creating a new state in the same database, which locks all states there: terraform from 10\.0\.0\.9: wait/,
    );
  });

  it("of a workspace of HCP Terraform, with the ID that releases it", () => {
    const cause = 'workspace already locked (lock ID: "acme/citus")';
    expect(tell(met(cause, info("1d4aa118", "me@here")))).toBe(
      "another run holds the lock of workspace acme/citus: wait until it ends: the workspace's page says which it is, and since " +
        `when; if it is dead, unlock it there, or by \`terraform force-unlock acme/citus\` in ${FOLDER}`,
    );
  });
});

describe("the lock of a state that can't be taken", () => {
  it.each([
    [met("HTTP remote state endpoint requires auth"), "HTTP remote state endpoint requires auth"],
    [
      met(
        "operation error S3: PutObject, https response error\nStatusCode: 403, RequestID: R1, HostID: , api error AccessDenied: User is not\nauthorized",
      ),
      "operation error S3: PutObject, https response error StatusCode: 403, RequestID: R1, HostID: , api error AccessDenied: User is not authorized",
    ],
    [
      met("pq: permission denied for table states", info("ccd947c6", "me@here")),
      "pq: permission denied for table states",
    ],
  ])("is not taken for one that is held", (printed, cause) => {
    expect(tell(printed)).toBe(
      `the state can't be locked: ${cause}: check that the backend can be reached, and that its credentials may write ` +
        "there, then run it again",
    );
    expect(parseDiagnostics(printed).map(silentBackendOf)).toEqual([undefined]);
  });
});
