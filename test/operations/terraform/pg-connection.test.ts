import { describe, expect, it } from "vitest";
import { connectionOf } from "../../../operations/terraform/lock-holder/pg";

const ENCRYPTED = { rejectUnauthorized: false };

describe("the connection string of a state in PostgreSQL", () => {
  it.each([
    [
      "postgres://terraform:p%40ss@db.example.com:6432/states?sslmode=disable",
      {
        host: "db.example.com",
        port: 6432,
        user: "terraform",
        password: "p@ss",
        database: "states",
        ssl: false,
      },
    ],
    ["postgresql://db/states", { host: "db", database: "states", ssl: ENCRYPTED }],
    ["postgres://[fd00::7]/states", { host: "fd00::7", database: "states", ssl: ENCRYPTED }],
    [
      "host=db port=6432 dbname=states user=terraform password='it\\'s a secret' sslmode=require",
      {
        host: "db",
        port: 6432,
        user: "terraform",
        password: "it's a secret",
        database: "states",
        ssl: ENCRYPTED,
      },
    ],
    ["", { ssl: ENCRYPTED }],
  ])("%s", (text, expected) => {
    expect(connectionOf(text, {})).toEqual(expected);
  });

  it("is verified where it says so", () => {
    expect(connectionOf("host=db sslmode=verify-full", {}).ssl).toEqual({ rejectUnauthorized: true });
    expect(connectionOf("host=db", { PGSSLMODE: "verify-ca" }).ssl).toMatchObject({
      rejectUnauthorized: true,
    });
  });
});
