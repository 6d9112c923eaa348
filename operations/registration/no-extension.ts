/**
 * What to do where a server's database has no Citus extension; ENVIRONMENT is to be named. Only `recover` knows whether a
 * first start was cut off, and it removes nothing that may hold data: nobody is told to remove a volume by hand for it.
 */
export const NO_EXTENSION =
  "`npx pg-dist recover ENVIRONMENT` tells whether its first start was cut off, and mends that; where it was dropped, or " +
  "the database was made by hand: CREATE EXTENSION citus there, and run it again";
