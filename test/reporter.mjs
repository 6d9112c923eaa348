/** A reporter of vitest for `npm test`, beside the JSON one. */
export default class Reporter {
  /**
   * Vitest would end at once by SIGTERM and leave containers and test hosts behind. So it ends the running test, cleans
   * up and starts no other.
   *
   * @param {import("vitest/node").Vitest} vitest
   */
  onInit(vitest) {
    process.removeAllListeners("SIGTERM");
    process.once("SIGTERM", () => void vitest.cancelCurrentRun("keyboard-input"));
  }

  /**
   * Puts the reason of `context.skip(reason)` into the JSON report, which leaves it out.
   *
   * @param {import("vitest/node").TestCase} test
   */
  onTestCaseResult(test) {
    const result = test.result();
    if (result.state === "skipped" && result.note !== undefined) {
      Object.assign(test.meta(), { skipReason: result.note });
    }
  }
}
