import { expect, test } from "vitest";
import { STARTUP_OPTIONS } from "../../../../operations/cluster/connection/session-settings";

test("the options of a session's start are those of libpq, with blanks quoted", () => {
  expect(STARTUP_OPTIONS).toContain("-c DateStyle=ISO,MDY ");
  expect(STARTUP_OPTIONS).toContain("-c default_transaction_isolation=read\\ committed ");
  // PostgreSQL's whole message of a start may have 10,000 bytes.
  expect(STARTUP_OPTIONS.length).toBeLessThan(4000);
});
