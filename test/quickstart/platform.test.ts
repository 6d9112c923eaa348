import { describe, expect, it } from "vitest";
import { checkNode, describePlatform } from "../../quickstart/platform.mjs";

const NODE_20 = "115";
const NODE_24 = "137";

describe("Node's version", () => {
  it.each(["20.19.0", "20.19.1", "20.20.0", "22.0.0"])("%s is enough for >=20.19", (version) => {
    expect(() => checkNode(version, ">=20.19")).not.toThrow();
  });

  it.each(["18.20.8", "20.18.9", "20.9.0"])(
    "%s is too old for >=20.19, and what to install is said",
    (version) => {
      expect(() => checkNode(version, ">=20.19")).toThrow(
        expect.objectContaining({
          summary: `Node ${version} is too old`,
          remedy: expect.stringContaining("install Node 20 (20.19 or later)"),
        }),
      );
    },
  );
});

describe("the platform", () => {
  const notesFor = (platform: string, arch: string, abi = NODE_20) =>
    describePlatform({ platform, arch, abi }).join("\n");

  it("needs no note on Linux and x64", () => {
    expect(notesFor("linux", "x64")).toBe("");
  });

  it("on macOS, Docker Desktop is needed, and on arm64 Rosetta, as the image is amd64 only", () => {
    const notes = notesFor("darwin", "arm64");
    expect(notes).toContain("Docker Desktop must be running");
    expect(notes).toContain("published for amd64 only");
    expect(notes).toContain("Rosetta");
  });

  it("on Linux and arm64, qemu is needed", () => {
    expect(notesFor("linux", "arm64")).toContain("qemu-user-static");
  });

  it("a Node for which cdktf ships no binary needs a compiler", () => {
    expect(notesFor("linux", "x64", NODE_24)).toContain("apt-get install python3 make g++, or use Node 20");
    expect(notesFor("darwin", "x64")).toContain("xcode-select --install)");
  });

  it("elsewhere it refuses and names WSL 2", () => {
    expect(() => notesFor("win32", "x64")).toThrow(/runs on Linux and macOS.*WSL 2/);
  });
});
