/** Something that a person must repair: what happened, with the value, and what to do, each in one line. */
export class Failure extends Error {
  /**
   * @param {string} summary
   * @param {string} remedy
   * @param {{ detail?: readonly string[], exitCode?: 1 | 2 }} [options] `detail` is printed after the line
   */
  constructor(summary, remedy, { detail = [], exitCode = 1 } = {}) {
    super(`${summary}: ${remedy}`);
    this.name = "Failure";
    this.summary = summary;
    this.remedy = remedy;
    this.detail = detail;
    this.exitCode = exitCode;
  }
}
