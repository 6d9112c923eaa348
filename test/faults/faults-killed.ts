import { type Fault, at, randomMoment } from "./fault";
import { kill, programName } from "./processes";

/** SIGKILL of Terraform; the program that it runs, and its providers, live on. */
export const terraformKilled: Fault = {
  kind: "Terraform killed",
  weight: 22,
  async inject(strike) {
    const { apply, cluster, random } = strike;
    const whileProgram = random.next() < 0.5;
    const wait = random.next() * 1.5;
    if (whileProgram) {
      if (!(await apply.until(() => apply.program !== undefined))) return undefined;
      if (!(await apply.passed(apply.age + wait))) return undefined;
    } else if (!(await randomMoment(strike))) return undefined;
    const program = apply.program;
    const moment = at(strike);
    const providers = apply.kill();
    if (providers === undefined) return undefined;
    cluster.leave(providers);
    return { what: `${moment}${program === undefined ? "" : `, while ${programName(program)} ran`}` };
  },
};

/** SIGKILL of what Terraform runs by local-exec: registration, removal or guard. */
export const programKilled: Fault = {
  kind: "program killed",
  weight: 22,
  async inject(strike) {
    const { apply, random } = strike;
    // An apply may run several: two removals, then the registration.
    const number = random.between(1, 2);
    const wait = random.next() * 1.2;
    const seen = new Set<number>();
    const appeared = await apply.until(() => {
      const program = apply.program;
      if (program !== undefined) seen.add(program.pid);
      return program !== undefined && seen.size >= number;
    });
    if (!appeared) return undefined;
    const program = apply.program;
    if (program === undefined || !(await apply.passed(apply.age + wait))) return undefined;
    if (!kill(program)) return undefined;
    return {
      what: `${programName(program)} ${at(strike)}`,
      check: async ({ exitCode }) =>
        exitCode === 0 ? ["the apply ended well although its program was killed"] : [],
    };
  },
};
