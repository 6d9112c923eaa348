import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseUrl } from "../../../../operations/cluster/connection/url";
import { EXIT, Failure } from "../../../../operations/base/failure";

describe("--url", () => {
  it.each([
    ["postgres://app@db:6000/shop", { host: "db", port: 6000, user: "app", database: "shop" }],
    ["postgresql://db", { host: "db", port: 5432, user: "postgres", database: "postgres" }],
    ["postgres://app@[fd00::1]", { host: "fd00::1", port: 5432, user: "app", database: "app" }],
    ["postgres://a%40b@db/x%2Fy", { host: "db", port: 5432, user: "a@b", database: "x/y" }],
  ])("takes %s apart", (text, address) => {
    expect(parseUrl(text)).toEqual(address);
  });

  it.each([
    "db:5432",
    "https://db",
    "postgres://",
    "postgres://db?sslmode=require",
    "postgres://db:99999",
    "postgres://us%zzer@db",
  ])("refuses %s as a wrong command line", (text) => {
    expect(() => parseUrl(text)).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
  });

  it("refuses a password without repeating it", () => {
    const secret = randomBytes(8).toString("hex");
    try {
      parseUrl(`postgres://app:${secret}@db`);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      expect((error as Failure).message).toContain("set PGPASSWORD");
      expect((error as Failure).message).not.toContain(secret);
    }
  });
});
