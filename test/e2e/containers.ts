import type { Testbed } from "../../testbed/testbed";

/** A container as it runs: another id is another container, another start a restart. */
export interface Container {
  readonly host: string;
  readonly name: string;
  readonly id: string;
}

/** All containers of the test hosts, running or not, by host and name. */
export async function containersOf(bed: Testbed): Promise<Container[]> {
  const lists = await Promise.all(
    Object.values(bed.hosts).map(async (host) => {
      const lines = await host.docker("ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}");
      return lines
        .split("\n")
        .filter((line) => line !== "")
        .map((line): Container => {
          const [name = "", id = ""] = line.split(" ");
          return { host: host.id, name, id };
        });
    }),
  );
  return lists.flat().sort((a, b) => `${a.host} ${a.name}`.localeCompare(`${b.host} ${b.name}`));
}
