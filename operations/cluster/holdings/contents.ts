import type { Remedy } from "../../base/remedy";

/** What `databaseQuery` answers. */
export interface DatabaseContents {
  readonly database: string;
  /** Has the extension. */
  readonly citus: boolean;
  readonly relations: readonly { readonly kind: string; readonly name: string; readonly bytes: number }[];
  readonly definitions: readonly { readonly kind: string; readonly name: string }[];
  readonly configured: readonly {
    readonly extension: string;
    readonly name: string;
    readonly rows: number;
  }[];
  readonly largeObjects: { readonly count: number; readonly bytes: number };
}

/** What `SERVER_QUERY` answers. */
export interface ServerContents {
  /** The database that was asked has the extension. */
  readonly citus: boolean;
  readonly databases: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly connectable: boolean;
  }[];
  readonly slots: readonly {
    readonly name: string;
    readonly type: string;
    readonly active: boolean;
    readonly database: string | null;
    readonly bytes: number;
  }[];
  readonly subscriptions: readonly { readonly name: string; readonly database: string }[];
  readonly prepared: readonly { readonly gid: string; readonly database: string }[];
  /** In the data directory, and not PostgreSQL's. */
  readonly files: readonly string[];
  readonly roles: readonly string[];
}

/** One thing that a server holds and that nobody else has. */
export interface Held {
  /** e.g. `table public.mine (1.2 MB)` */
  readonly what: string;
  /** What a person can do with it. */
  readonly remedy: Remedy;
}

/** Everything of the kind that a server holds, and what it only is worth to know about it. */
export interface Holdings {
  readonly held: readonly Held[];
  /** Lines about what goes along and can be made again. */
  readonly said: readonly string[];
}
