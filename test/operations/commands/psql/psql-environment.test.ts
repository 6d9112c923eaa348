import { expect, test } from "vitest";
import { psqlEnvironment } from "../../../../operations/commands/psql/run-psql";

/** What libpq 17 and 18 read (doc/src/sgml/libpq.sgml, "Environment Variables"), and what older ones did. */
const LIBPQ = [
  ...["PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGREQUIREAUTH"],
  ...["PGCHANNELBINDING", "PGSERVICE", "PGSERVICEFILE", "PGREQUIRESSL", "PGSSLMODE", "PGSSLNEGOTIATION"],
  ...[
    "PGSSLCOMPRESSION",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLCERTMODE",
    "PGSSLROOTCERT",
    "PGSSLCRL",
    "PGSSLCRLDIR",
  ],
  ...["PGSSLSNI", "PGREQUIREPEER", "PGSSLMINPROTOCOLVERSION", "PGSSLMAXPROTOCOLVERSION", "PGGSSENCMODE"],
  ...[
    "PGKRBSRVNAME",
    "PGGSSLIB",
    "PGGSSDELEGATION",
    "PGCONNECT_TIMEOUT",
    "PGTARGETSESSIONATTRS",
    "PGSYSCONFDIR",
  ],
  ...[
    "PGLOADBALANCEHOSTS",
    "PGMINPROTOCOLVERSION",
    "PGMAXPROTOCOLVERSION",
    "PGREALM",
    "PGLOCALEDIR",
    "PGTTY",
  ],
];

test("psql gets nothing of the shell's that would lead it elsewhere, and what shapes a session as it is", () => {
  const shell = Object.fromEntries(LIBPQ.map((name) => [name, "elsewhere"]));
  const own = { PGOPTIONS: "-c work_mem=1GB", PGTZ: "UTC", PSQL_PAGER: "less", PATH: "/bin" };
  const login = { user: "u", database: "d", password: { value: "p", source: "PGPASSWORD" } };
  expect(psqlEnvironment({ ...shell, ...own }, { host: "server-a", port: 5432 }, 40_000, login)).toEqual({
    ...own,
    PGHOST: "server-a",
    PGHOSTADDR: "127.0.0.1",
    PGPORT: "40000",
    PGUSER: "u",
    PGDATABASE: "d",
    PGPASSWORD: "p",
    PGSSLMODE: "prefer",
  });
});
