import type { DatabaseContents } from "../../../cluster/holdings/contents";
import { formatBytes } from "../../../base/bytes";
import { quoteName } from "../../../base/shown-words";
import type { LookedInto } from "../../../cluster/holdings/server";
import type { Answer } from "../../../cluster/nodes/run-on-nodes";
import type { Need, Needs } from "./needs";

/** Without those of PostgreSQL itself, which every image of the same major version has. */
const DATABASE = `SELECT json_build_object(
    'database', current_database(),
    'libraries', (SELECT coalesce(json_agg(json_build_object('name', probin, 'of', 'function ' || min)), '[]') FROM
       (SELECT probin, min(proname) FROM pg_proc WHERE probin IS NOT NULL GROUP BY probin) l),
    'extensions', (SELECT coalesce(json_agg(json_build_object('name', extname, 'version', extversion)), '[]') FROM pg_extension),
    'dictionaries', (SELECT coalesce(json_agg(json_build_object('name', dictname, 'options', dictinitoption)), '[]')
       FROM pg_ts_dict WHERE dictinitoption IS NOT NULL))::text`.replace(/\s+/g, " ");

interface InDatabase extends Pick<DatabaseContents, "database"> {
  readonly libraries: readonly Need[];
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  readonly dictionaries: readonly { readonly name: string; readonly options: string }[];
}

/** Settings that name libraries. */
const LIBRARIES = [
  "shared_preload_libraries",
  "session_preload_libraries",
  "local_preload_libraries",
  "archive_library",
  "jit_provider",
];

/** Settings that name a file, and commands, which name files somewhere. */
const FILES = [
  ...["ssl_ca_file", "ssl_cert_file", "ssl_key_file", "ssl_crl_file", "ssl_crl_dir", "ssl_dh_params_file"],
  ...["krb_server_keyfile", "hba_file", "ident_file", "config_file"],
];
const COMMANDS = [
  ...["archive_command", "restore_command", "archive_cleanup_command", "recovery_end_command"],
  "ssl_passphrase_command",
];

/** As the files say, where they do: what the next start takes, and of a command that is not in use what the server shows as disabled. */
const SERVER = `SELECT json_build_object(
    'databases', (SELECT coalesce(json_agg(datname), '[]') FROM pg_database WHERE datallowconn AND datname <> current_database()),
    'settings', (SELECT coalesce(json_agg(json_build_object('name', name, 'source', source, 'value',
                   coalesce((SELECT f.setting FROM pg_file_settings f WHERE f.name = s.name AND s.source <> 'command line'
                      ORDER BY seqno DESC LIMIT 1), setting))), '[]') FROM pg_settings s
       WHERE setting <> '' AND name IN ('${[...LIBRARIES, ...FILES, ...COMMANDS, "timezone_abbreviations"].join("', '")}')),
    'roleSettings', (SELECT coalesce(json_agg(c), '[]') FROM pg_db_role_setting, unnest(setconfig) c),
    'includes', (SELECT coalesce(json_agg(DISTINCT sourcefile), '[]') FROM pg_file_settings),
    'tablespaces', (SELECT coalesce(json_agg(json_build_object('name', spcname, 'location', pg_tablespace_location(oid),
                      'bytes', pg_tablespace_size(oid))), '[]') FROM pg_tablespace WHERE pg_tablespace_location(oid) <> ''))::text`.replace(
  /\s+/g,
  " ",
);

interface OfServer {
  readonly databases: readonly string[];
  readonly settings: readonly { readonly name: string; readonly value: string; readonly source: string }[];
  readonly roleSettings: readonly string[];
  readonly includes: readonly string[];
  readonly tablespaces: readonly {
    readonly name: string;
    readonly location: string;
    readonly bytes: number;
  }[];
}

/**
 * What the databases of a running server need of its container, and what its next start needs.
 *
 * @param wanted settings of the new container's command line
 * @throws Error where the server, or one of its databases, doesn't answer
 */
export async function askNeeds(server: LookedInto, wanted: Readonly<Record<string, string>>): Promise<Needs> {
  const whole = parse<OfServer>(await server.ask(SERVER));
  const databases = [parse<InDatabase>(await server.ask(DATABASE))];
  for (const name of whole.databases) databases.push(parse<InDatabase>(await server.askIn(name, DATABASE)));
  const settings = new Map(
    whole.settings.flatMap(({ name, value, source }) => (source === "command line" ? [] : [[name, value]])),
  );
  for (const [name, value] of Object.entries(wanted)) settings.set(name, value);
  const valueOf = (name: string) => settings.get(name) ?? "";
  return {
    libraries: [
      ...databases.flatMap(({ database, libraries }) =>
        libraries.map(({ name, of }) => ({ name, of: `${of} of database ${quoteName(database)}` })),
      ),
      ...LIBRARIES.flatMap((name) => split(valueOf(name)).map((library) => ({ name: library, of: name }))),
      ...whole.roleSettings.flatMap((setting) => {
        const [name = "", value = ""] = setting.split(/=(.*)/s);
        return LIBRARIES.includes(name)
          ? split(value).map((library) => ({ name: library, of: `${name} of a database or role` }))
          : [];
      }),
    ],
    extensions: databases.flatMap(({ database, extensions }) =>
      extensions.map((each) => ({ ...each, of: `database ${quoteName(database)}` })),
    ),
    shared: [
      ...databases.flatMap(({ database, dictionaries }) =>
        dictionaries.flatMap(({ name, options }) =>
          filesOfDictionary(options).map((file) => ({
            name: `tsearch_data/${file}`,
            of: `text search dictionary ${quoteName(name)} of database ${quoteName(database)}`,
          })),
        ),
      ),
      ...split(valueOf("timezone_abbreviations")).map((name) => ({
        name: `timezonesets/${name}`,
        of: "timezone_abbreviations",
      })),
    ],
    paths: [
      ...FILES.flatMap((name) => pathsIn(valueOf(name)).map((path) => ({ name: path, of: name }))),
      ...COMMANDS.flatMap((name) => pathsIn(valueOf(name)).map((path) => ({ name: path, of: name }))),
      ...whole.includes.map((path) => ({ name: path, of: "the configuration" })),
    ],
    tablespaces: whole.tablespaces.map(({ name, location, bytes }) => ({
      name: location,
      of: `tablespace ${quoteName(name)} (${formatBytes(bytes)})`,
      bytes,
    })),
  };
}

function parse<Contents>(answer: Answer): Contents {
  if ("value" in answer) return JSON.parse(answer.value ?? "null") as Contents;
  throw new Error(answer.error);
}

function split(list: string): string[] {
  return list.split(",").flatMap((each) => each.trim().replace(/^"(.*)"$/, "$1") || []);
}

/** Of `language = 'english', stopwords = 'mine'`. */
function filesOfDictionary(options: string): string[] {
  const endings: Readonly<Record<string, string>> = {
    ...{ stopwords: "stop", dictfile: "dict", afffile: "affix", synonyms: "syn", rules: "rules" },
  };
  return [...options.matchAll(/(\w+)\s*=\s*'((?:[^']|'')*)'/g)].flatMap(([, name = "", value = ""]) => {
    const option = name.toLowerCase();
    // Of a thesaurus and of an ispell dictionary.
    if (option === "dictfile") return [`${value}.dict`, `${value}.ths`];
    return endings[option] === undefined ? [] : [`${value}.${endings[option]}`];
  });
}

/** Absolute paths in a setting, up to a placeholder of a command. */
function pathsIn(value: string): string[] {
  return [...value.matchAll(/(?:^|[\s"'=;&|(<>])(\/[^\s"';&|()<>%]+)/g)].flatMap(([, path = ""]) => {
    const clean = path.replace(/\/+$/, "");
    return clean === "" || clean.startsWith("/dev/") ? [] : [clean];
  });
}
