import { bundle } from "../operations/bundle.mjs";

/** The stacks carry the bundled program: before the first synthesis it must be there, and be of these sources. */
export default async function setup() {
  await bundle();
}
