import { type ClusterOptions, DEFAULT_IMAGE, sharedSettings } from "../model/cluster";
import type { CitusNode } from "./citus-node";
import { escapeTemplate } from "./escape-template";

/**
 * What replaces the containers of all nodes when it is edited, as triggers that read well in a plan. From the options and
 * not from the nodes: one that joins or leaves changes none of them.
 */
export function sharedStartupTriggers(options: ClusterOptions): Record<string, string> {
  return {
    image: options.image ?? DEFAULT_IMAGE,
    settings: textOf(Object.entries(sharedSettings(options))),
    ...(options.cpus === undefined ? {} : { cpus: options.cpus.toString() }),
  };
}

/** The same for each node that differs from the others. */
export function ownStartupTriggers(
  options: ClusterOptions,
  nodes: readonly CitusNode[],
): Record<string, string> {
  const shared = sharedSettings(options);
  return Object.fromEntries(
    nodes.flatMap(({ description: { id, settings, cpus } }) => {
      const own = Object.entries(settings).filter(([name, value]) => shared[name] !== value);
      if (cpus !== undefined && cpus !== options.cpus) own.push(["cpus", cpus.toString()]);
      return own.length === 0 ? [] : [[`start-up of ${id}`, textOf(own)]];
    }),
  );
}

function textOf(settings: readonly (readonly [string, string])[]): string {
  return escapeTemplate(settings.map(([name, value]) => `${name}=${value}`).join(" "));
}
