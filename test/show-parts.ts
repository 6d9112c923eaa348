import { findParts } from "../testbed/parts";

/** Says once, before the end-to-end tests, which of their parts are real, and keeps the engine up until they end. */
export default async function setup(): Promise<() => Promise<void>> {
  const parts = await findParts({ log: console.log });
  console.log(parts.banner);
  return () => parts.stop();
}
