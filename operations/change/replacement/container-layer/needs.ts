import type { Remedy } from "../../../base/remedy";

/** What a node's data, or its start, needs of its container beside the data itself. */
export interface Needs {
  /** Shared libraries: `$libdir/geo`, `geo`, or an absolute path. */
  readonly libraries: readonly Need[];
  /** Extensions in some database. */
  readonly extensions: readonly (Need & { readonly version: string })[];
  /** Files of PostgreSQL's shared directory: `tsearch_data/my.stop`. */
  readonly shared: readonly Need[];
  /** Absolute paths. */
  readonly paths: readonly Need[];
  /** Directories of tablespaces, which hold data themselves. */
  readonly tablespaces: readonly (Need & { readonly bytes: number })[];
}

export interface Need {
  readonly name: string;
  /** Who needs it: `function geo_in in database app2`. */
  readonly of: string;
}

/** What of it a container or an image has. */
export interface Provided {
  /** Below the library directory, without `./`: `geo.so`. */
  readonly libraries: ReadonlySet<string>;
  /** Below the shared directory: `extension/geo.control`. */
  readonly shared: ReadonlySet<string>;
  readonly paths: ReadonlySet<string>;
}

/** A volume or a directory of the server in a container. */
export interface Mounted {
  readonly folder: string;
  /** Whether it comes along: Docker removes a volume without a name together with its container. */
  readonly kept: boolean;
}

/** The innermost one. */
function mountOf(mounts: readonly Mounted[], path: string): Mounted | undefined {
  return mounts
    .filter(({ folder }) => path === folder || path.startsWith(`${folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** Something that is needed, is there now, and would not be there in the new container. */
export interface Missing {
  readonly what: string;
  readonly remedy: Remedy;
}

const IMAGE_REMEDY =
  "use an image that has it, built on this one (a Dockerfile that begins with FROM it and installs it), as `image` of the environment";

/**
 * What a container would lack that is made of this image.
 *
 * @param before what the container of now has; what that lacks too is not lost by its replacement
 * @param mounts what is mounted where
 */
export function findMissing(
  needs: Needs,
  before: Provided,
  image: Provided,
  mounts: readonly Mounted[],
): Missing[] {
  const isKept = (path: string) => mountOf(mounts, path)?.kept === true;
  const lacks = (has: (provided: Provided) => boolean) => has(before) && !has(image);
  const lost = (what: string): Missing => ({ what, remedy: IMAGE_REMEDY });
  return [
    ...needs.libraries
      .filter(({ name }) => !isKept(name) && lacks((provided) => hasLibrary(provided, name)))
      .map(({ name, of }) => lost(`the library ${name}, which ${of} needs, is not in the image`)),
    ...needs.extensions.flatMap(({ name, version, of }) => {
      if (lacks(({ shared }) => shared.has(`extension/${name}.control`)))
        return [lost(`the files of extension ${name}, which ${of} has, are not in the image`)];
      const knows = ({ shared }: Provided) => [...shared].some((file) => isScriptOf(file, name, version));
      return lacks(knows)
        ? [
            lost(
              `the image has other versions of extension ${name} and no update path from ${version}, which ${of} has`,
            ),
          ]
        : [];
    }),
    ...needs.shared
      .filter(({ name }) => lacks(({ shared }) => shared.has(name)))
      .map(({ name, of }) => lost(`the file ${name}, which ${of} needs, is not in the image`)),
    ...needs.paths
      .filter(({ name }) => !isKept(name) && lacks(({ paths }) => paths.has(name)))
      .map(({ name, of }): Missing => ({
        what: `${name}, which ${of} needs, exists only in the container, on no volume`,
        remedy: `copy it to a place on the volume and name that; or ${IMAGE_REMEDY}`,
      })),
    ...needs.tablespaces
      .filter(({ name }) => !isKept(name))
      .map(({ name, of }): Missing => ({
        what: `the data of ${of} is at ${name}, in the container, on no volume`,
        remedy:
          "move it to the volume: ALTER TABLE ... SET TABLESPACE pg_default for what is in it (ALTER DATABASE for a whole " +
          "database), then DROP TABLESPACE",
      })),
  ];
}

/** By a plain name PostgreSQL looks into its own directory. */
function hasLibrary({ libraries, paths }: Provided, name: string): boolean {
  if (name.startsWith("/")) return paths.has(name) || paths.has(`${name}.so`);
  const file = name.replace(/^\$libdir\//, "");
  return libraries.has(file) || libraries.has(`${file}.so`);
}

/** One that makes this version, or leads from it. */
function isScriptOf(file: string, name: string, version: string): boolean {
  const prefix = `extension/${name}--`;
  if (!file.startsWith(prefix) || !file.endsWith(".sql")) return false;
  const versions = file.slice(prefix.length, -".sql".length).split("--");
  return versions.includes(version);
}
