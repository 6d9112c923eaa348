import { node } from "./1-node";
import { rebalanceDue } from "./2-rebalance-due";

/** What makes the tables of one version from those of the version before. */
export interface Migration {
  /** The version of the tables after it: 1, 2, 3, ... */
  readonly number: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/**
 * In their order. One that was released never changes, and none takes away or renames what an earlier version reads or
 * writes: a column that is added may be null or has a default. So an older program still reads the tables, and one older
 * than the versions, which looks for columns, also works on.
 *
 * The first two are also applied to the tables of such a program, which have no version: they take what is there already.
 */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: "node", statements: node },
  { number: 2, name: "rebalance-due", statements: rebalanceDue },
];
