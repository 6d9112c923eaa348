import { Failure } from "./failure.mjs";

/**
 * Node's ABI versions for which @cdktf/node-pty-prebuilt-multiarch 0.10.1-pre.11 ships a binary (its folder prebuilds);
 * `cdktf deploy` can't do without it. 115 is Node 20, 127 is Node 22.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const TERMINAL_BINARIES = {
  "linux-x64": ["115", "120", "127"],
  "linux-arm64": ["115"],
  "darwin-arm64": ["115", "120", "127"],
};

/**
 * @param {string} version as in process.versions.node
 * @param {string} range `engines.node` of package.json: `>=` and a version
 * @throws {Failure} when Node is too old
 */
export function checkNode(version, range) {
  const minimum = range.replace(/^>=\s*/, "");
  const have = version.split(".").map(Number);
  const need = minimum.split(".").map(Number);
  const different = need.findIndex((number, index) => number !== have[index]);
  if (different === -1 || (have[different] ?? 0) > (need[different] ?? 0)) return;
  throw new Failure(
    `Node ${version} is too old`,
    `install Node ${need[0]} (${minimum} or later) or 22, https://nodejs.org/en/download`,
  );
}

/**
 * What doesn't work, or works only in some way, on this machine. Empty on Linux and x64 with Node 20 or 22.
 *
 * @param {{ platform: string, arch: string, abi: string }} machine `process.platform`, `process.arch`,
 *   `process.versions.modules`
 * @returns {string[]} a line each
 * @throws {Failure} when nothing works here
 */
export function describePlatform({ platform, arch, abi }) {
  if (platform !== "linux" && platform !== "darwin") {
    throw new Failure(
      `pg-dist runs on Linux and macOS, this is ${platform}`,
      "on Windows, run it in WSL 2 with Docker Desktop's WSL integration",
    );
  }
  const notes = [];
  if (platform === "darwin") {
    notes.push(
      "macOS: for a cluster here, Docker Desktop must be running, with the default socket allowed (Settings > Advanced); " +
        "quickstart installs no engine here. Stand-ins and the test hosts need Linux and root.",
    );
  }
  if (arch !== "x64") {
    notes.push(
      `${arch}: the image citusdata/citus is published for amd64 only. The engine emulates it, several times slower: ` +
        (platform === "darwin"
          ? "turn on Rosetta in Docker Desktop (Settings > General). Good for trying, not for measuring."
          : "it needs qemu (apt-get install qemu-user-static binfmt-support). Good for trying, not for a cluster in use."),
    );
  }
  if (!TERMINAL_BINARIES[`${platform}-${arch}`]?.includes(abi)) {
    const compiler = platform === "darwin" ? "xcode-select --install" : "apt-get install python3 make g++";
    const other = TERMINAL_BINARIES[`${platform}-${arch}`] ? ", or use Node 20" : "";
    notes.push(
      `cdktf has no prebuilt terminal module for this Node on ${platform} ${arch}: npm compiles it (${compiler}${other}).`,
    );
  }
  return notes;
}
