declare module "pgpass" {
  /** The password of the first line of .pgpass that fits; undefined where none does, or the file isn't private. */
  function pgpass(
    login: { host: string; port: number; user: string; database: string },
    done: (password: string | undefined) => void,
  ): void;
  export default pgpass;
}
