import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parseRolePasswords } from "../../../../operations/base/caller/role-passwords";
import { authinfoOf, isCertificate } from "../../../../operations/cluster/nodes/credentials";
import { credentialsLine } from "../../../../operations/cluster/roles/explain-role";
import { scramVerifier } from "../../../../operations/cluster/roles/scram-verifier";
import { quoteName, shellWord } from "../../../../operations/base/shown-words";
import { Random, chosenSeed } from "../../../model/random";
import { typed } from "../../../../operations/base/remedy";

const ALPHABET = [..."aZ_9-", ..."'\"\\`$(){};| \t\n=*?~#&<>!%", "é", "Ж", "№", "ﬁ", "🙂", "\u00a0"];

const SEED = chosenSeed();
const random = new Random(SEED);
const PLACE = { environment: "production", database: "postgres" };

const NAMES = Array.from({ length: 200 }, () =>
  Array.from({ length: random.between(1, 12) }, () => random.pick(ALPHABET)).join(""),
);

/** How libpq takes a value apart (PQconninfoParse): in quotes, a backslash takes the next character as it is. */
function conninfoValue(text: string): string {
  const quoted = /^password='((?:\\[\s\S]|[^'\\])*)'$/.exec(text)?.[1];
  if (quoted === undefined) throw new Error(`no conninfo: ${text}`);
  return quoted.replace(/\\([\s\S])/g, "$1");
}

describe(`names and passwords of any characters (seed ${SEED})`, () => {
  it("come back from a shell as they were", () => {
    const words = NAMES.map(shellWord);
    const out = execFileSync("sh", ["-c", `printf '%s\\0' ${words.join(" ")}`], { encoding: "utf8" });
    expect(out.split("\0").slice(0, -1)).toEqual(NAMES);
  });

  it("come back from an identifier of SQL as they were", () => {
    for (const name of NAMES) {
      const quoted = quoteName(name);
      const read = quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted;
      expect(read).toBe(name);
      expect(quoted.startsWith('"') || /^[a-z_][a-z0-9_]*$/.test(name)).toBe(true);
    }
  });

  it("come back from pg_dist_authinfo as they were", () => {
    for (const name of NAMES) expect(conninfoValue(authinfoOf(name))).toBe(name);
  });

  it("come back from the variable as they were", () => {
    const given = Object.fromEntries(NAMES.map((name) => [name, `${name}!`]));
    expect(Object.fromEntries(parseRolePasswords(JSON.stringify(given)))).toEqual(given);
  });

  it("are no options of the command that a remedy names", () => {
    expect(typed(credentialsLine(PLACE, "-v x", "--generate"))).toBe(
      "npx pg-dist credentials production --generate -- '-v x'",
    );
    expect(typed(credentialsLine(PLACE, "app"))).toBe("npx pg-dist credentials production app");
    expect(typed(credentialsLine({ ...PLACE, database: "app2", homeDatabase: "postgres" }))).toBe(
      "npx pg-dist credentials production --database app2",
    );
  });
});

describe("a client certificate in the place of a password", () => {
  it.each(["sslcert=/c.pem sslkey=/k.pem", "sslkey='/a key' sslcert = '/a cert'"])("is %s", (authinfo) => {
    expect(isCertificate(authinfo)).toBe(true);
  });

  it("is no password, whatever is in that", () => {
    for (const password of ["sslcert=x", "' sslcert=x", "\\' sslcert=x", ...NAMES])
      expect(isCertificate(authinfoOf(password))).toBe(false);
    expect(isCertificate("password=sslcert=x")).toBe(false);
    expect(isCertificate(null)).toBe(false);
  });
});

describe("a password's verifier", () => {
  it("is that of RFC 7677", () => {
    expect(scramVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"))).toBe(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    );
  });

  it("is the same for what SASLprep holds for the same", () => {
    const salt = Buffer.alloc(16);
    expect(scramVerifier("ﬁ\u00a0x\u00ad", salt)).toBe(scramVerifier("fi x", salt));
    expect(scramVerifier("a", salt)).not.toBe(scramVerifier("A", salt));
  });
});

describe("TF_VAR_role_passwords", () => {
  it("may be absent", () => {
    expect(parseRolePasswords(undefined).size).toBe(0);
    expect(parseRolePasswords("").size).toBe(0);
  });

  it.each(["app=secret", '["secret"]', '"secret"', '{"app": 7}', '{"app": ""}'])(
    "is refused as %s, without a word of it",
    (text) => {
      expect(() => parseRolePasswords(text)).toThrow(/TF_VAR_role_passwords/);
      expect(() => parseRolePasswords(text)).not.toThrow(/secret/);
    },
  );
});
