import { describe, expect, it } from "vitest";
import { readDf } from "../../../operations/docker/free-space";

describe("what df says", () => {
  it("is what PostgreSQL may use, also of a file system that keeps much for root", () => {
    const text = [
      "Filesystem     1024-blocks     Used Available Capacity Mounted on",
      "/dev/vda         264212084 24802224  70699040      26% /var/lib/postgresql/data",
    ].join("\n");
    expect(readDf(text)).toEqual({ available: 70_699_040 * 1024, total: 95_501_264 * 1024 });
  });

  it("is read for devices with blanks in their names, and of an error nothing", () => {
    expect(
      readDf("Filesystem 1024-blocks Used Available Capacity Mounted on\nsome share 300 100 50 67% /data"),
    ).toEqual({
      available: 50 * 1024,
      total: 150 * 1024,
    });
    expect(readDf("df: /nowhere: No such file or directory")).toBeUndefined();
    expect(readDf("")).toBeUndefined();
  });
});
