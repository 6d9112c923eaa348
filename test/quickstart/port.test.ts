import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { choosePort, isPortFree, type PortQuestion } from "../../quickstart/port";

function choose(question: Partial<PortQuestion> & { taken?: readonly number[] }): Promise<number> {
  return choosePort({
    requested: question.requested,
    recorded: question.recorded,
    current: question.current,
    isFree: async (port) => !question.taken?.includes(port),
  });
}

describe("the coordinator's port", () => {
  it("is 5432, else the next free one", async () => {
    expect(await choose({})).toBe(5432);
    expect(await choose({ taken: [5432, 5433] })).toBe(5434);
  });

  it("stays that of an earlier run while it is free", async () => {
    expect(await choose({ recorded: 5440 })).toBe(5440);
    expect(await choose({ recorded: 5440, taken: [5440] })).toBe(5432);
  });

  it("is the existing cluster's own, which of course is taken", async () => {
    expect(await choose({ current: 5450, recorded: 5440, taken: [5450] })).toBe(5450);
    expect(await choose({ current: 5450, requested: "5450", taken: [5450] })).toBe(5450);
  });

  it("is the requested one, or an error where that is taken", async () => {
    expect(await choose({ requested: "6000", recorded: 5440 })).toBe(6000);
    await expect(choose({ requested: "6000", taken: [6000] })).rejects.toThrow(/port 6000 .* is taken/);
  });

  it("can't change under an existing cluster", async () => {
    await expect(choose({ current: 5432, requested: "6000" })).rejects.toThrow(
      /already on port 5432, but PGDIST_LOCAL_PORT is 6000.*--destroy/,
    );
  });

  it.each(["0", "65536", "postgres", "54 32", "-1", "5432.5"])("%j is wrong usage", async (requested) => {
    await expect(choose({ requested })).rejects.toMatchObject({
      summary: `PGDIST_LOCAL_PORT is "${requested}"`,
      exitCode: 2,
    });
  });

  it("an empty PGDIST_LOCAL_PORT is none", async () => {
    expect(await choose({ requested: "" })).toBe(5432);
  });

  it("none at all is an error", async () => {
    await expect(
      choosePort({
        requested: undefined,
        recorded: undefined,
        current: undefined,
        isFree: async () => false,
      }),
    ).rejects.toThrow(/no port from 5432 to 5531 .* is free/);
  });
});

describe("isPortFree", () => {
  it("sees what listens on loopback or on every address", async () => {
    for (const host of ["127.0.0.1", "0.0.0.0"]) {
      const server = createServer().listen(0, host);
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      expect(await isPortFree(port)).toBe(false);
      server.close();
      await once(server, "close");
      expect(await isPortFree(port)).toBe(true);
    }
  });
});
