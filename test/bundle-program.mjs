import { bundle } from "../operations/bundle.mjs";
import { bundleCommands } from "../operations/bundle-commands.mjs";

/** The stacks carry the bundled program: before the first synthesis it must be there, and be of these sources. */
export default async function setup() {
  await bundle();
  // Each command that a test runs would make it else, all at the same time.
  await bundleCommands();
}
