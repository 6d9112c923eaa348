import { Failure } from "../quickstart/failure.mjs";

/** What `npm test` runs on any machine; every other tier makes its own Docker hosts. */
const ANYWHERE = ["unit"];

/**
 * Which tiers can run on this machine.
 *
 * @param {readonly string[]} wanted
 * @param {{ platform: string, uid: number | undefined }} machine `process.platform`, `process.getuid()`
 * @returns {{ tiers: string[], skips: import("./run-report.mjs").Counts["skips"] }}
 * @throws {Failure} where they could run and only root is missing: a run that leaves them out must be asked for
 */
export function chooseTiers(wanted, { platform, uid }) {
  const needHosts = wanted.filter((tier) => !ANYWHERE.includes(tier));
  if (needHosts.length === 0) return { tiers: [...wanted], skips: [] };
  if (platform !== "linux") {
    const reason = `the test hosts are Linux network namespaces, and this is ${platform}: run them on Linux, as root`;
    const skips = needHosts.map((tier) => ({ test: `all ${tier} tests`, reason }));
    return { tiers: wanted.filter((tier) => ANYWHERE.includes(tier)), skips };
  }
  if (uid !== 0) {
    throw new Failure(
      `the ${needHosts.join(" and ")} tests need root, for network namespaces and Docker engines in them`,
      "run this as root, or npm test -- --unit",
    );
  }
  return { tiers: [...wanted], skips: [] };
}
