import { expect, it } from "vitest";
import {
  type Needs,
  type Provided,
  findMissing,
} from "../../../../operations/change/replacement/container-layer/needs";

const NONE: Needs = { libraries: [], extensions: [], shared: [], paths: [], tablespaces: [] };
const MOUNTS = [
  { folder: "/var/lib/postgresql", kept: true },
  { folder: "/var/lib/postgresql/data", kept: false },
];

const provided = (some: Partial<Record<keyof Provided, string[]>>): Provided => ({
  libraries: new Set(some.libraries),
  shared: new Set(some.shared),
  paths: new Set(some.paths),
});

it("misses a library by whichever name it is asked for, unless the image has it or nobody ever had", () => {
  const needs = (name: string) => ({ ...NONE, libraries: [{ name, of: "function f" }] });
  const before = provided({ libraries: ["geo.so"], paths: ["/opt/geo.so", "/var/lib/postgresql/geo.so"] });
  for (const name of ["$libdir/geo", "geo", "geo.so", "/opt/geo", "/opt/geo.so"]) {
    const [missing, ...more] = findMissing(needs(name), before, provided({}), MOUNTS);
    expect(missing?.what, name).toContain(`the library ${name}, which function f needs`);
    expect(more).toEqual([]);
    expect(findMissing(needs(name), before, before, MOUNTS), name).toEqual([]);
    expect(findMissing(needs(name), provided({}), provided({}), MOUNTS), name).toEqual([]);
  }
  expect(findMissing(needs("/var/lib/postgresql/geo.so"), before, provided({}), MOUNTS)).toEqual([]);
});

it("misses an extension's files, and a way from the version that is installed", () => {
  const needs = { ...NONE, extensions: [{ name: "geo", version: "1.1", of: "database app" }] };
  const files = (...names: string[]) => provided({ shared: names.map((name) => `extension/${name}`) });
  const before = files("geo.control", "geo--1.1.sql");
  const missing = (image: Provided) => findMissing(needs, before, image, MOUNTS).map(({ what }) => what);
  expect(missing(files())).toEqual([expect.stringContaining("the files of extension geo")]);
  expect(missing(files("geo.control", "geo--2.0.sql"))).toEqual([
    expect.stringContaining("no update path from 1.1, which database app has"),
  ]);
  expect(missing(files("geo.control", "geo--2.0.sql", "geo--1.1--2.0.sql"))).toEqual([]);
  expect(missing(files("geo.control", "geo--1.0--1.1.sql", "geo--1.1--2.0.sql"))).toEqual([]);
});

it("keeps what is on the volume, but not on one that Docker removes with the container", () => {
  const at = (name: string) => [{ name, of: "ssl_ca_file" }];
  const paths = (name: string) =>
    findMissing({ ...NONE, paths: at(name) }, provided({ paths: [name] }), provided({}), MOUNTS).length;
  expect(paths("/var/lib/postgresql/17/docker/ca.crt")).toBe(0);
  expect(paths("/var/lib/postgresql/data/ca.crt")).toBe(1);
  expect(paths("/var/lib/postgresql-not/ca.crt")).toBe(1);
  const tablespace = (name: string) =>
    findMissing(
      { ...NONE, tablespaces: [{ name, of: "tablespace space", bytes: 1 }] },
      provided({}),
      // An empty directory of the name helps nobody.
      provided({ paths: [name] }),
      MOUNTS,
    ).length;
  expect(tablespace("/srv/space")).toBe(1);
  expect(tablespace("/var/lib/postgresql/space")).toBe(0);
});
