import type { Endpoint } from "../../../model/cluster";
import type { Deadline } from "../../base/deadline";
import { formatEndpoint } from "../../../model/cluster";
import { TIMED_OUT, connectionCauses, withCauses } from "./reachability";
import { quoteLiteral, runOnNodes } from "./run-on-nodes";
import type { Session } from "../connection/session";
import { limitStatements, wasCanceled } from "../connection/statement-timeout";

/** A connection from one node to another. */
export interface Link {
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** What a second attempt to connect came to. */
export type Attempt =
  | { readonly reachedMs: number }
  /** libpq's words, after at most `limitMs`; undefined where that limit of ours ended it. */
  | { readonly cause: string | undefined; readonly limitMs: number }
  /** The time was over before it was tried or had answered. */
  | "untold";

/** How many links are tried at once: each is a connection to the node that tries, and one from there. */
const AT_ONCE = 32;

/** An attempt that may take less than this is not worth making. In milliseconds. */
const LEAST_MS = 300;

/** What those tried at once get at least, as long as there is so much; later ones then go without. In milliseconds. */
const LEAST_SHARE_MS = 1000;

/**
 * Lets nodes connect once more to those that they did not reach, now with the cause if they fail again. One connection
 * per link, as the attempts of one statement are made one after the other.
 *
 * @param patienceMs how long one attempt may take
 * @param deadline of all
 * @returns one per link, in their order
 */
export async function tryAgain(
  session: Session,
  links: readonly Link[],
  patienceMs: number,
  deadline: Deadline,
): Promise<Attempt[]> {
  if (links.length === 0) return [];
  const parts = Math.ceil(links.length / AT_ONCE);
  return withCauses(session, async () => {
    const attempts: Attempt[] = [];
    for (let part = 0; part < parts; part++) {
      const some = links.slice(part * AT_ONCE, (part + 1) * AT_ONCE);
      const left = deadline.left();
      const share = Math.min(left, Math.max(left / (parts - part), LEAST_SHARE_MS));
      if (left < LEAST_MS) attempts.push(...some.map((): Attempt => "untold"));
      else attempts.push(...(await tryAtOnce(session, some, patienceMs, share)));
    }
    return attempts;
  });
}

async function tryAtOnce(
  session: Session,
  links: readonly Link[],
  patienceMs: number,
  timeMs: number,
): Promise<Attempt[]> {
  // The rest is for the way to the nodes that try.
  const limitMs = Math.round(Math.min(patienceMs, timeMs * 0.7));
  await limitStatements(session, Math.round(timeMs));
  const answers = await run(session, links, limitMs);
  const causes = connectionCauses(session.takeMessages());
  return links.map(({ from, to }, index): Attempt => {
    const answer = answers?.[index];
    const [reached, tookMs] =
      answer !== undefined && "value" in answer
        ? (JSON.parse(answer.value ?? "[]") as [boolean?, number?])
        : [];
    if (reached === true) return { reachedMs: tookMs ?? 0 };
    const said = causes.find((each) => each.to === formatEndpoint(to) && each.from === formatEndpoint(from));
    if (said === undefined && reached === undefined) return "untold";
    return { cause: said?.cause === TIMED_OUT ? undefined : said?.cause, limitMs };
  });
}

/** @returns undefined where the time was over: what was said until then is among the session's messages */
async function run(session: Session, links: readonly Link[], limitMs: number) {
  try {
    return await runOnNodes(
      session,
      links.map(({ from }) => from),
      links.map(({ to }) => attemptStatement(to, limitMs)),
    );
  } catch (error) {
    if (wasCanceled(error)) return undefined;
    throw error;
  }
}

/** Whether it is reached, and after how many milliseconds. */
function attemptStatement({ host, port }: Endpoint, limitMs: number): string {
  return `SELECT json_build_array(reached, round(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000))::text
            FROM (SELECT CASE WHEN set_config('citus.node_connection_timeout', '${limitMs}', true) <> ''
                              THEN citus_check_connection_to_node(${quoteLiteral(host)}, ${port}) END AS reached OFFSET 0) attempt`;
}
