import { describe, expect, it } from "vitest";
import { isMadeByUs, isOfInitdb } from "../../../../operations/observe/drift/made-by-us";
import { isSameValue, shownValue } from "../../../../operations/observe/drift/setting-value";

describe("two texts of a setting", () => {
  it.each([
    ["128MB", "16384", "integer", "8kB"],
    ["8MB", "8192", "integer", "kB"],
    ["1GB", "1024", "integer", "MB"],
    ["1min", "60", "integer", "s"],
    ["10s", "10000", "integer", "ms"],
    ["1.5s", "1500", "integer", "ms"],
    ["on", "true", "bool", null],
    ["0", "off", "bool", null],
    ["LOGICAL", "logical", "enum", null],
    ["2", "2.0", "real", null],
    ["-1", "-1", "integer", "kB"],
    ["0x10", "16", "integer", null],
    ["citus", "citus", "string", null],
  ] as const)("%s and %s are the same of a %s in %s", (one, other, type, unit) => {
    expect(isSameValue(one, other, { type, unit })).toBe(true);
  });

  it.each([
    ["128MB", "16385", "integer", "8kB"],
    ["on", "off", "bool", null],
    ["Citus", "citus", "string", null],
    ["1min", "1", "integer", "s"],
    ["what", "1", "integer", null],
  ] as const)("%s and %s are not of a %s in %s", (one, other, type, unit) => {
    expect(isSameValue(one, other, { type, unit })).toBe(false);
  });

  it("of a setting that the server doesn't know are the same only in the same words", () => {
    expect(isSameValue("1", "1")).toBe(true);
    expect(isSameValue("1", "on")).toBe(false);
  });
});

describe("a value that is shown", () => {
  it("has its unit, and no password", () => {
    expect(shownValue("8192", "kB")).toBe("8192kB");
    expect(shownValue("16384", "8kB")).toBe("16384 x 8kB");
    expect(shownValue("-1", "kB")).toBe("-1");
    expect(shownValue("")).toBe("empty");
    expect(shownValue("host=a password=secret user=b")).toBe("host=a password=*** user=b");
    expect(shownValue("password = 'my secret' host=a")).toBe("password = *** host=a");
    expect(shownValue("postgres://me:secret@a/b")).toBe("postgres://me:***@a/b");
    expect(shownValue("sslpassword=secret")).toBe("sslpassword=***");
  });
});

describe("what is nobody's drift", () => {
  it("is set by a registration, and by Citus itself, with just these values", () => {
    const keepalives = "keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=30000";
    expect(isMadeByUs("citus.node_conninfo", `sslmode=require ${keepalives}`)).toBe(true);
    expect(isMadeByUs("citus.node_conninfo", `sslmode=disable ${keepalives}`)).toBe(false);
    expect(isMadeByUs("tcp_keepalives_idle", "10")).toBe(true);
    expect(isMadeByUs("tcp_keepalives_idle", "60")).toBe(false);
    expect(isMadeByUs("ssl", "on")).toBe(true);
    expect(isMadeByUs("ssl", "off")).toBe(false);
    expect(isMadeByUs("ssl_ciphers", "HIGH")).toBe(false);
    expect(isMadeByUs("work_mem", "64MB")).toBe(false);
  });

  it("is what initdb writes, and the image's sample", () => {
    const sample = [
      "listen_addresses = '*'",
      "shared_preload_libraries='citus'",
      "log_line_prefix = '%m #' # why",
    ];
    expect(isOfInitdb("max_connections", "100", sample)).toBe(true);
    expect(isOfInitdb("max_connections", "20", sample)).toBe(true);
    expect(isOfInitdb("max_connections", "200", sample)).toBe(false);
    expect(isOfInitdb("shared_buffers", "128MB", sample)).toBe(true);
    expect(isOfInitdb("shared_buffers", "400kB", sample)).toBe(true);
    expect(isOfInitdb("shared_buffers", "129MB", sample)).toBe(false);
    expect(isOfInitdb("shared_buffers", "4GB", sample)).toBe(false);
    expect(isOfInitdb("TimeZone", "Etc/UTC", sample)).toBe(true);
    expect(isOfInitdb("listen_addresses", "*", sample)).toBe(true);
    expect(isOfInitdb("listen_addresses", "localhost", sample)).toBe(false);
    expect(isOfInitdb("listen_addresses", "*", [])).toBe(false);
    expect(isOfInitdb("shared_preload_libraries", "citus", sample)).toBe(true);
    expect(isOfInitdb("log_line_prefix", "%m #", sample)).toBe(true);
    expect(isOfInitdb("work_mem", "4MB", sample)).toBe(false);
  });
});
