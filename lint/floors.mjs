import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const CORE = ["operations/cluster", "operations/docker", "operations/terraform", "operations/base", "model"];

/**
 * What the files of a folder may import besides their own: what stands lower. The longest folder that a file is in counts;
 * docs/architecture.md draws it.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const FLOORS = {
  model: [],
  constructs: ["model"],
  stacks: ["constructs", "model"],
  environments: ["model"],
  "operations/base": ["model"],
  "operations/docker": ["operations/base", "model"],
  "operations/terraform": ["operations/base", "model"],
  "operations/cluster": ["operations/docker", "operations/base", "model"],
  "operations/observe": CORE,
  "operations/change": CORE,
  "operations/cli": CORE,
  "operations/steps": [
    ...["operations/change", "operations/cluster", "operations/docker", "operations/base", "model"],
  ],
  "operations/commands": ["operations/cli", "operations/observe", "operations/change", ...CORE],
  "operations/cli.ts": ["operations/commands", "operations/cli", "operations/cluster", "operations/base"],
  testbed: ["model"],
  quickstart: ["environments", "testbed", "operations/cluster", "operations/base", "model"],
};

/**
 * Floors whose folders are rooms of their own: one must not import from another, but for these. A file that stands in the
 * floor itself may use all of them, as it is what composes them.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>}
 */
const ROOMS = {
  "operations/change": { removal: ["drain"] },
  "operations/commands": {},
};

/** @param {string} path from the root, with slashes */
function floorOf(path) {
  return Object.keys(FLOORS)
    .filter((floor) => path === floor || path.startsWith(`${floor}/`))
    .sort((one, other) => other.length - one.length)[0];
}

/** @param {string} floor @param {string} path */
function roomOf(floor, path) {
  const [room, ...inside] = path.slice(floor.length + 1).split("/");
  return inside.length === 0 ? undefined : room;
}

/**
 * Why a file must not import another one, both as paths from the root; undefined where it may.
 *
 * @param {string} from
 * @param {string} to
 */
export function whyForbidden(from, to) {
  const own = floorOf(from);
  const other = floorOf(to);
  if (own === undefined) return undefined;
  if (other === undefined) return `${own} may not import ${to}, which stands on no floor`;
  if (own !== other) {
    const allowed = FLOORS[own] ?? [];
    if (allowed.includes(other)) return undefined;
    return `${own} may not import ${other}, only ${allowed.join(", ") || "its own files"}`;
  }
  const rooms = ROOMS[own];
  const [room, next] = [roomOf(own, from), roomOf(own, to)];
  if (rooms === undefined || room === undefined || room === next || rooms[room]?.includes(next ?? ""))
    return undefined;
  return next === undefined
    ? `${own}/${room} may not import what composes it`
    : `${own}/${room} may not import ${own}/${next}: who needs both composes them`;
}

/** @type {import("eslint").Rule.RuleModule} */
export const floors = {
  meta: { type: "problem", schema: [] },
  create(context) {
    const from = relative(ROOT, context.filename).replaceAll(sep, "/");
    /** @param {import("estree").Node | null | undefined} source */
    const check = (source) => {
      if (source?.type !== "Literal" || typeof source.value !== "string" || !source.value.startsWith("."))
        return;
      const to = relative(ROOT, join(dirname(context.filename), source.value)).replaceAll(sep, "/");
      const why = whyForbidden(from, to);
      if (why !== undefined) context.report({ node: source, message: `${why} (lint/floors.mjs).` });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
    };
  },
};
