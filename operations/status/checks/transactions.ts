import { shorten } from "../../commands/table";
import { formatDuration } from "../duration";
import { type Check, type Finding, commandLine, ofEachNode } from "../finding";

/** In seconds: from then on it is worth a warning. */
const IDLE = 300;
const RUNNING = 3600;

/** Transactions that are open for long hold locks, and keep VACUUM from cleaning. */
export const transactions: Check = ofEachNode(({ label, state }, snapshot) =>
  (state?.long ?? [])
    .filter(({ state: doing, age }) => age >= (doing.startsWith("idle in transaction") ? IDLE : RUNNING))
    .map(({ pid, user, application, state: doing, age, query }): Finding => {
      const who = application === "" ? user : `${user}, ${application}`;
      return {
        severity: "warning",
        check: "long-transaction",
        node: label,
        what: `process ${pid} (${who}) is ${doing} for ${formatDuration(age)}: ${shorten(query.replace(/\s+/g, " ").trim(), 60)}`,
        remedy: `${commandLine(snapshot, "activity")}; SELECT pg_terminate_backend(${pid}) there ends it`,
      };
    }),
);
