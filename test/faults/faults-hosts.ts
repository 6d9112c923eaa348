import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "../../testbed/state";
import { type Fault, at, randomMoment } from "./fault";
import { isProgram, isSsh, kill, send } from "./processes";
import { saysWhatToDo } from "./remedies";
import { HOSTS, SMALL_DISK } from "./topology";

const SHORT_CUT_MS = 20_000;

/** A host's cable is pulled, and put back after 20 s. */
export const networkCut: Fault = {
  kind: "network cut for 20 s",
  weight: 7,
  async inject(strike) {
    const host = strike.random.pick(HOSTS);
    if (!(await randomMoment(strike))) return undefined;
    await strike.cluster.bed.cut(host);
    const back = sleep(SHORT_CUT_MS).then(() => strike.cluster.bed.restore(host));
    return { what: `${host} ${at(strike)}`, undo: () => back };
  },
};

/** A host's cable is pulled: the apply, or else the next one, must say so and what to do. */
export const networkCutForGood: Fault = {
  kind: "network cut for good",
  weight: 4,
  async inject(strike) {
    const { cluster } = strike;
    const host = strike.random.pick(HOSTS);
    if (!(await randomMoment(strike))) return undefined;
    await cluster.bed.cut(host);
    return {
      what: `${host} ${at(strike)}`,
      check: async () => {
        const { exitCode, output } = await cluster.finish(cluster.apply(), `apply while ${host} is cut off`);
        if (exitCode === 0) return [`an apply ended well although ${host} was cut off`];
        return saysWhatToDo(output) ? [] : [`an apply while ${host} was cut off didn't say what to do`];
      },
      undo: () => cluster.bed.restore(host),
    };
  },
};

/** The disk of a worker that receives shards is filled to its last byte while they move. */
export const diskFull: Fault = {
  kind: "full disk on a receiving worker",
  weight: 6,
  changes: ["remove", "remove two"],
  async inject(strike) {
    const { cluster, apply, random } = strike;
    const wait = random.next() * 0.4;
    const moves = await apply.until(() => /moving to server-c\/worker1/.test(apply.output));
    if (!moves || !(await apply.passed(apply.age + wait))) return undefined;
    const programs = apply.below.filter(isProgram).filter(({ args }) => args.includes("leave"));
    const host = cluster.host("server-c");
    const filler = `${SMALL_DISK}/filler`;
    // Allocated, which takes no time: to write it all would last longer than the moves.
    const fill = [
      `free=$(df --block-size=1 --output=avail ${SMALL_DISK} | tail -n 1)`,
      `fallocate --length $((free - 4194304)) ${filler} || true`,
      `cat /dev/zero > ${filler}.rest 2>/dev/null || true`,
      `df --output=avail ${SMALL_DISK}`,
    ];
    // The shards are so small that all would have moved before the disk is full: the programs are held until it is.
    const held = programs.filter((each) => send(each, "SIGSTOP"));
    const free = await host.exec("sh", "-c", fill.join("\n"));
    for (const each of held) send(each, "SIGCONT");
    // Of its last blocks the file system gives no file any; a new segment of the log needs 16 MB.
    const isFull = Number(free.split("\n").at(-1)) < 1024;
    const moment = at(strike);
    // No longer: where the same apply replaces the receiver's container, it would wait ten minutes for its start.
    await apply.until(() => !held.some(isAlive), 600);
    await host.exec("rm", "-f", filler, `${filler}.rest`);
    return held.length > 0 && isFull ? { what: moment } : undefined;
  },
};

/** All ssh connections of Terraform and its providers break. */
export const sshDropped: Fault = {
  kind: "ssh dropped",
  weight: 12,
  async inject(strike) {
    if (!(await randomMoment(strike))) return undefined;
    const dropped = strike.apply.below.filter(isSsh).filter(kill).length;
    if (dropped === 0) return undefined;
    return { what: `${dropped} connections ${at(strike)}` };
  },
};

/** A second apply of the same folder while the first one runs: it is kept out, or waits where it was told to. */
export const twoApplies: Fault = {
  kind: "two applies at once",
  weight: 10,
  async inject(strike) {
    const { apply, cluster, random } = strike;
    const waits = random.next() < 0.4;
    // The lock is taken when the plan begins.
    if (!(await apply.passed(0.5 + random.next() * 0.6 * strike.usual))) return undefined;
    const moment = at(strike);
    const second = cluster.apply(...(waits ? ["-lock-timeout=200s"] : []));
    if (waits) {
      const waited = await second.until(() => /Acquiring state lock/.test(second.output), 20);
      const { exitCode, output } = await cluster.finish(second, "second apply at the same time, waiting");
      if (!waited) return undefined;
      return {
        what: `${moment}, the second one waits`,
        check: async () =>
          exitCode === 0 || saysWhatToDo(output) ? [] : ["the second apply didn't say what to do"],
      };
    }
    const { exitCode, output } = await cluster.finish(second, "second apply at the same time");
    const keptOut = exitCode !== 0 && /state lock/.test(output);
    if (!keptOut && !apply.isRunning) return undefined;
    return {
      what: moment,
      check: async () => (keptOut ? [] : ["the second apply was not kept out"]),
    };
  },
};
