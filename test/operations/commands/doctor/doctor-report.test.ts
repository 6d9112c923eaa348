import { expect, it } from "vitest";
import { failed, ok, skipped, warning } from "../../../../operations/observe/doctor/finding";
import { describeFindings } from "../../../../operations/commands/doctor/json";
import { reportFindings } from "../../../../operations/commands/doctor/report";
import { plain, show } from "../some-nodes";

const FINDINGS = [
  ok(
    { check: "configuration", where: "production" },
    "production.ts has no problem: 2 Docker hosts, 2 nodes",
  ),
  ok({ check: "engine", where: "server-b" }, "Docker 28.2.2 by ssh://root@server-b"),
  warning(
    { check: "disk", where: "server-b" },
    "/var/lib/docker: 9 GB free of 100 GB (9 %)",
    "make room there",
  ),
  failed(
    { check: "reachability", where: "server-b/worker1" },
    "server-c/worker1: server-c:5432 does not answer server-b/worker1",
    "allow the port in the firewall of that server",
  ),
  skipped({ check: "registration", where: "production" }, "the coordinator can't be reached"),
];

const DESCRIBED = describeFindings(FINDINGS, "production");

it("doctor, with every check", () => {
  expect(show(reportFindings(DESCRIBED, plain, false))).toMatchSnapshot();
});

it("doctor --quiet, and where all is in order", () => {
  expect(show(reportFindings(DESCRIBED, plain, true))).toMatchSnapshot();
  expect(show(reportFindings(DESCRIBED.slice(0, 2), plain, true))).toMatchSnapshot();
});
