import type { Answer } from "../nodes/run-on-nodes";
import { remedyForSetting } from "../nodes/setting-cause";
import { Failure } from "../../base/failure";
import type { DatabaseContents, Held, Holdings, ServerContents } from "./contents";
import { type Standing, databaseQuery } from "./database-query";
import { heldAsDatabase, heldInDatabase, heldOnServer, heldUnknown, heldUnseen } from "./describe-contents";
import { SERVER_QUERY } from "./server-query";
import type { LookedInto } from "./server";
import { AGAIN, advise } from "../../base/remedy";

/** In which databases a server is a worker of the coordinator, and what of it only the coordinator knows. */
export interface Membership {
  /** In the database that `LookedInto.ask` asks. */
  readonly standing: Exclude<Standing, "stranger">;
  /** Relations there that are Citus' and that the worker itself doesn't know as such. */
  readonly known: readonly string[];
  /** Of a former worker: names of what Citus may have left behind, which the nodes that stay have. */
  readonly leftovers?: ReadonlySet<string>;
  /** The same of other databases, by name: those in which it is registered too. */
  readonly elsewhere: ReadonlyMap<string, readonly string[]>;
  /** Databases that can't be opened on the coordinator, with the reason: whether it is registered there can't be known. */
  readonly unopened: ReadonlyMap<string, string>;
  /** Roles of the coordinator: all others are the server's own. */
  readonly roles: readonly string[];
}

/**
 * Everything that a server holds and that nobody else has: in all of its databases, and what belongs to none.
 *
 * @throws Failure where the server, or its database of the cluster, can't be looked into
 */
export async function surveyServer(
  server: LookedInto,
  label: string,
  { standing, known, leftovers, elsewhere, unopened, roles }: Membership,
): Promise<Holdings> {
  const whole = parse<ServerContents>(label, await server.ask(SERVER_QUERY));
  const own = parse<DatabaseContents>(
    label,
    await server.ask(databaseQuery(whole.citus ? standing : "stranger", known)),
  );
  const isOwn = ({ name }: { readonly name: string }) => leftovers?.has(name) !== true;
  const itsOwn = {
    ...own,
    relations: own.relations.filter(isOwn),
    definitions: own.definitions.filter(isOwn),
  };
  const held: Held[] = [...heldInDatabase(itsOwn), ...heldOnServer(whole)];
  for (const database of whole.databases) {
    if (!database.connectable) {
      const why = "it allows no connections (datallowconn is false)";
      held.push(heldUnseen(database, why, elsewhere.has(database.name)));
      continue;
    }
    const unknown = unopened.get(database.name);
    if (unknown !== undefined) {
      held.push(heldUnknown(database, unknown));
      continue;
    }
    const there = elsewhere.get(database.name);
    const member = there !== undefined;
    const answer = await server.askIn(
      database.name,
      databaseQuery(there === undefined ? "stranger" : "member", there),
    );
    const found =
      "value" in answer
        ? heldAsDatabase(JSON.parse(answer.value ?? "null") as DatabaseContents, database, member)
        : heldUnseen(database, answer.error, member);
    if (found !== undefined) held.push(found);
  }
  const strange = whole.roles.filter((role) => !roles.includes(role));
  return {
    held,
    said:
      strange.length === 0
        ? []
        : [`roles that exist on this server only are lost with it: ${strange.join(", ")}`],
  };
}

function parse<Contents>(label: string, answer: Answer): Contents {
  if ("value" in answer) return JSON.parse(answer.value ?? "null") as Contents;
  throw new Failure(
    `cannot determine what the server of ${label} holds: ${answer.error}`,
    advise`${remedyForSetting(answer.error) ?? "see its log"}, and ${AGAIN}`,
  );
}
