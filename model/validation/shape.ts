import { describeKnown } from "./known-names";
import type { Report } from "./problem";

/** Checks the kind of a value and reports what it must be. */
type Check = (value: unknown, field: string, report: Report) => void;

const text = kind("text", (value) => typeof value === "string");
const number = kind("a number", (value) => typeof value === "number");
const truth = kind("true or false", (value) => typeof value === "boolean");
const scalar = kind("text, a number, true or false", (value) =>
  ["string", "number", "boolean"].includes(typeof value),
);
const settings = optional(mapOf(scalar));

const nodeFields = { memory: optional(number), cpus: optional(number), settings, port: optional(number) };

const environmentShape = record({
  name: text,
  cluster: optional(text),
  hosts: mapOf(
    record({
      connection: text,
      sshOptions: optional(listOf(text)),
      allowUncheckedHostKeys: optional(truth),
      tls: optional(text),
      address: optional(text),
      bindAddress: optional(text),
      allowPublicBind: optional(truth),
      extraHosts: optional(mapOf(text)),
      dns: optional(listOf(text)),
      subnet: optional(text),
      dataPath: optional(text),
    }),
  ),
  coordinator: record({ host: text, ...nodeFields }),
  workers: optional(
    mapOf((value, field, report) => {
      if (typeof value !== "number")
        mapOf(record(nodeFields), "a count or workers by name")(value, field, report);
    }),
  ),
  image: optional(text),
  postgresMajor: optional(number),
  user: optional(text),
  database: optional(text),
  memory: optional(number),
  cpus: optional(number),
  settings,
  roles: optional(listOf(text)),
  backend: optional(checkBackendShape),
  protected: optional(truth),
  ephemeral: optional(truth),
  rollout: optional(oneOf("refuse", "all-at-once")),
  rebalance: optional(oneOf("manual", "after-adding")),
  firewall: optional(record({ allow: optional(listOf(text)), members: optional(mapOf(listOf(text))) })),
  discard: optional(listOf(text)),
  acceptedDrift: optional(
    listOf(
      record({
        ...{ code: text, where: optional(text), subject: optional(text), found: optional(text) },
        reason: text,
      }),
    ),
  ),
});

const configured = record({ type: text, config: mapOf(scalar) });

const backendShapes: Readonly<Record<string, Check>> = {
  local: record({ type: text, path: optional(text) }),
  cloud: record({
    type: text,
    organization: text,
    workspace: text,
    project: optional(text),
    hostname: optional(text),
  }),
  ...Object.fromEntries(
    ["s3", "gcs", "azurerm", "http", "pg", "consul", "cos", "oss", "kubernetes"].map((type) => [
      type,
      configured,
    ]),
  ),
};

/**
 * What the type `Environment` promises, for what comes from JavaScript, from JSON or through a cast. The other rules
 * rely on it.
 */
export function checkShape(environment: unknown, report: Report): void {
  environmentShape(environment, "", report);
}

function checkBackendShape(value: unknown, field: string, report: Report): void {
  const { type }: { type?: unknown } = Object(value);
  const check =
    typeof type === "string" && Object.hasOwn(backendShapes, type) ? backendShapes[type] : undefined;
  if (check !== undefined) return check(value, field, report);
  if (!isObject(value)) kind("an object", () => false)(value, field, report);
  else oneOf(...Object.keys(backendShapes))(type, `${field}.type`, report);
}

function kind(what: string, holds: (value: unknown) => boolean): Check {
  return (value, field, report) => {
    if (value === undefined) report(field, `is missing: it must be ${what}`);
    else if (!holds(value)) report(field, `must be ${what}, not ${kindOf(value)}`);
  };
}

function optional(check: Check): Check {
  return (value, field, report) => {
    if (value !== undefined) check(value, field, report);
  };
}

function oneOf(...values: readonly string[]): Check {
  const what = `one of ${values.join(", ")}`;
  return (value, field, report) => {
    if (typeof value !== "string") kind(what, () => false)(value, field, report);
    else if (!values.includes(value)) report(field, `must be ${what}, not "${value}"`);
  };
}

function listOf(check: Check): Check {
  return (value, field, report) => {
    if (Array.isArray(value)) value.forEach((each, index) => check(each, `${field}.${index}`, report));
    else kind("a list", () => false)(value, field, report);
  };
}

function mapOf(check: Check, what = "an object"): Check {
  return (value, field, report) => {
    if (!isObject(value)) return kind(what, () => false)(value, field, report);
    for (const [key, each] of Object.entries(value)) check(each, `${field}.${key}`, report);
  };
}

function record(fields: Readonly<Record<string, Check>>): Check {
  return (value, field, report) => {
    if (!isObject(value)) return kind("an object", () => false)(value, field || "environment", report);
    const at = (name: string) => (field === "" ? name : `${field}.${name}`);
    for (const [name, check] of Object.entries(fields)) check(value[name], at(name), report);
    const known = Object.keys(fields);
    for (const name of Object.keys(value).filter((each) => !known.includes(each))) {
      report(at(name), `is not a field: ${describeKnown(name, known)}`);
    }
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return (
    { string: "text", boolean: "true or false", object: "an object" }[typeof value as string] ??
    `a ${typeof value}`
  );
}
