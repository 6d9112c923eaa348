import pMap from "p-map";
import { Deadline } from "../../base/deadline";
import { type ContainerJson, type ListedContainer, inspectContainer, listContainers } from "./containers";
import { ANSWER_MS, type Engine, REQUESTS_AT_ONCE } from "./engine";
import { EngineFailure, ifAnswered, ifFound } from "./engine-failure";

/** What the engine says of several containers, in the order in which they were asked for. */
export interface Inspected {
  readonly found: ReadonlyMap<string, ContainerJson>;
  /** Those about which it gives no answer of their own: what its list has of them. */
  readonly silent: ReadonlyMap<string, ListedContainer>;
}

/**
 * Those of the containers that exist, by their names. One that gives no answer keeps back none of the others.
 *
 * @param timeout for all of them, in milliseconds
 * @throws EngineFailure when the engine doesn't answer
 */
export async function inspectContainers(
  engine: Engine,
  names: readonly string[],
  timeout = ANSWER_MS,
): Promise<Inspected> {
  const deadline = Deadline.in(timeout);
  const listed = await findContainers(engine, names, timeout);
  const { found, silent } = await inspectListed(engine, [...listed.values()], deadline.left(1));
  const byName = <Answer>(answers: ReadonlyMap<string, Answer>) =>
    new Map(
      [...listed].flatMap(([name, { Id }]): [string, Answer][] => {
        const answer = answers.get(Id);
        return answer === undefined ? [] : [[name, answer]];
      }),
    );
  return { found: byName(found), silent: byName(silent) };
}

/**
 * What the engine's list has of those of the containers that exist, by their names.
 *
 * @param timeout in milliseconds
 * @throws EngineFailure when the engine doesn't answer
 */
export async function findContainers(
  engine: Engine,
  names: readonly string[],
  timeout: number,
): Promise<Map<string, ListedContainer>> {
  const listed = await listContainers(engine, { all: true, timeout });
  return new Map(
    names.flatMap((name): [string, ListedContainer][] => {
      const container = listed.find(({ Names }) => Names.includes(`/${name}`));
      return container === undefined ? [] : [[name, container]];
    }),
  );
}

/**
 * Asks about each of a list, by their ids; one that is gone by now is left out.
 *
 * Docker holds a container's lock while a process starts in it. One that is paused just then gives no answer, neither an
 * inspection nor its log nor an unpause, until the start is given up: a health check's at its timeout, an exec's never
 * (measured, 20.10). The list takes no lock. So an inspection has half of the time, and where it doesn't answer the list
 * is read once more.
 *
 * @param timeout for all of them, in milliseconds
 * @throws EngineFailure when the engine doesn't answer
 */
export async function inspectListed(
  engine: Engine,
  listed: readonly ListedContainer[],
  timeout = ANSWER_MS,
): Promise<Inspected> {
  const deadline = Deadline.in(timeout);
  const half = deadline.earlier(timeout / 2);
  const answers = new Map<string, ContainerJson | "silent" | undefined>();
  // Those that may take all of the time come last.
  const inOrder = [...listed].sort((one, other) => Number(isPaused(one)) - Number(isPaused(other)));
  await pMap(
    inOrder,
    async ({ Id }) => {
      try {
        answers.set(Id, await ifFound(inspectContainer(engine, Id, half.left(1))));
      } catch (error) {
        if (!(error instanceof EngineFailure) || error.code !== "timeout") throw error;
        answers.set(Id, "silent");
      }
    },
    { concurrency: REQUESTS_AT_ONCE },
  );
  const silent = listed.filter(({ Id }) => answers.get(Id) === "silent");
  // It may have been paused since it was listed.
  const unsure = silent.some((container) => !isPaused(container));
  const again = unsure
    ? await ifAnswered(listContainers(engine, { all: true, timeout: deadline.left(1) }))
    : undefined;
  return {
    found: new Map(
      listed.flatMap(({ Id }): [string, ContainerJson][] => {
        const answer = answers.get(Id);
        return answer === undefined || answer === "silent" ? [] : [[Id, answer]];
      }),
    ),
    silent: new Map(
      silent.map((container) => [container.Id, again?.find(({ Id }) => Id === container.Id) ?? container]),
    ),
  };
}

function isPaused({ State }: ListedContainer): boolean {
  return State === "paused";
}
