import { isOtherDatabase } from "../../base/command-line";
import type { Place } from "../../base/place";
import { AGAIN, type Remedy, advise, commandIn } from "../../base/remedy";

/**
 * What to do where a server's database has no Citus extension. Only `recover` knows whether a first start was cut off, and
 * it removes nothing that may hold data: nobody is told to remove a volume by hand for it.
 */
export function noExtensionRemedy({ environment, ...place }: Place): Remedy {
  // Which a first start makes in the environment's own database alone.
  if (environment === undefined || isOtherDatabase(place))
    return advise`if it was dropped, or the database was created by hand: CREATE EXTENSION citus there, and ${AGAIN}`;
  return advise`${commandIn({ environment }, "recover")} finds out whether its first start was cut off, and repairs that; if the extension was
      dropped, or the database was created by hand: CREATE EXTENSION citus there, and ${AGAIN}`;
}
