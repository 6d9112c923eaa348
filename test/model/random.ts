import { randomInt } from "node:crypto";
import type { DockerHostOptions, Environment, Settings, WorkerOptions } from "../../model/environment";

/** A seeded generator (mulberry32): a failing case runs again with its seed in PGDIST_SEED. */
export class Random {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed;
  }

  /** From 0 up to but without 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)] as T;
  }

  /** The value in half of the cases. */
  maybe<T>(make: () => T): T | undefined {
    return this.next() < 0.5 ? make() : undefined;
  }
}

export function chosenSeed(): number {
  return Number(process.env.PGDIST_SEED ?? randomInt(2 ** 31));
}

/** A right environment of so many Docker hosts. */
export function randomEnvironment(random: Random, count: number): Environment {
  const hosts = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      randomId(random, index),
      randomHost(random, index, count === 1),
    ]),
  );
  const ids = Object.keys(hosts);
  const coordinator = random.pick(ids);
  return {
    name: `env-${random.between(1, 999)}`,
    cluster: random.maybe(() => random.pick(["citus", "orders", "c-1"])),
    hosts,
    coordinator: { host: coordinator, port: random.maybe(() => random.between(5432, 5440)) },
    workers: Object.fromEntries(
      ids.filter(() => random.next() < 0.8).map((id) => [id, randomWorkers(random, hosts[id]?.address)]),
    ),
    memory: random.maybe(() => random.between(1024, 65536)),
    cpus: random.maybe(() => random.between(1, 32) / 2),
    settings: random.maybe(() => randomSettings(random)),
    ephemeral: random.maybe(() => random.next() < 0.5),
  };
}

/** Also such as the constructs of a stack, Docker or JavaScript have for themselves. */
function randomId(random: Random, index: number): string {
  const taken = [
    "coordinator",
    "null",
    "backend",
    "docker-hosts",
    "program",
    "constructor",
    "host",
    "default",
  ];
  return random.next() < 0.3
    ? `${taken[index] ?? `host-${index}`}`
    : `server-${index}${random.pick(["", "-workers", "-a"])}`;
}

function randomHost(random: Random, index: number, single: boolean): DockerHostOptions {
  const ip = `10.0.${index}.1`;
  const connection = random.pick([
    `ssh://root@${ip}`,
    `ssh://deploy@host${index}.example.com:2222`,
    `ssh://Host_${index}/`,
    `unix:///run/docker-${index}.sock`,
  ]);
  if (single && random.next() < 0.5) return { connection };
  return random.next() < 0.5
    ? { connection, address: ip, dns: random.maybe(() => ["10.0.0.53"]) }
    : { connection, address: `host${index}.internal`, bindAddress: ip };
}

function randomWorkers(random: Random, address: string | undefined): number | Record<string, WorkerOptions> {
  if (random.next() < 0.5) return random.between(0, 8);
  const numbers = Array.from({ length: 8 }, (_, index) => index + 1).filter(() => random.next() < 0.4);
  const named = Object.fromEntries(
    numbers.map((number) => [`worker${number}`, { settings: random.maybe(() => randomSettings(random)) }]),
  );
  const names = ["olap", "server", "data", "constructor", "archive"].filter(() => random.next() < 0.4);
  const ports = Object.fromEntries(
    names.map((name, index) => [name, { port: address === undefined ? undefined : 7000 + index }]),
  );
  return { ...named, ...ports };
}

function randomSettings(random: Random): Settings {
  return {
    [random.pick(["constructor", "timezone", "citus.node_conninfo", "auto_explain.log_analyze"])]: "x",
    work_mem: `${random.between(4, 512)}MB`,
    max_worker_processes: random.between(16, 64),
    jit: random.next() < 0.5,
    "citus.log_remote_commands": "on ${HOME} %{x} 'quoted'",
  };
}

/** Values that nobody means, of the right type and of others. */
export const garbage: readonly unknown[] = [
  ...["", " ", "__proto__", "constructor", "a/b", "é\u0000\n", "${x}", "%{ if }", "-", "::", "://:@", "1e9"],
  ...[
    "ssh://",
    "ssh://[",
    "tcp://x:99999",
    "10.0.0.0/33",
    "x".repeat(10_000),
    "[::1]:5432",
    "../..",
    "@",
    ":",
  ],
  ...[0, -1, 1.5, NaN, Infinity, -Infinity, 1e9, 2 ** 53, 4294967296, 10n],
  ...[null, undefined, true, false, Symbol("x"), () => 1, new Date(NaN)],
  ...[[], [[]], [null], {}, { x: {} }, { __proto__: null, toString: 1 }, { "": 0 }, new Map([["a", 1]])],
];

/** Every path of a value's objects and lists, e.g. `["hosts", "a", "connection"]`. */
export function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]))];
}

/** A copy with another value at the path. */
export function withValue(value: unknown, [key, ...rest]: readonly string[], replacement: unknown): unknown {
  if (key === undefined) return replacement;
  if (Array.isArray(value)) {
    return value.map((each, index) => (String(index) === key ? withValue(each, rest, replacement) : each));
  }
  const fields = value as Record<string, unknown>;
  return { ...fields, [key]: withValue(fields[key], rest, replacement) };
}

/** A copy with another name of the field at the path. */
export function withName(value: unknown, [key, ...rest]: readonly string[], name: string): unknown {
  const fields = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(fields).map(([each, field]) => {
      if (each !== key) return [each, field];
      return rest.length === 0 ? [name, field] : [each, withName(field, rest, name)];
    }),
  );
}
