import { IMAGE, missingImage } from "../fixtures/citus-on-docker";
import type { Parts } from "../../testbed/parts";

/** Whether a bench that says something about Citus itself can run here; prints why not. */
export function canRunOnCitus(parts: Parts): boolean {
  const reason = parts.image.kind === "real" ? missingImage(IMAGE) : "the Citus image is a stand-in";
  if (reason !== undefined) console.log(`  not run: ${reason}`);
  return reason === undefined;
}
