import { benchApply } from "./apply";
import { benchDrain } from "./drain";
import { benchEndpoint } from "./endpoint";
import { benchPlan } from "./plan";
import { benchRegistration } from "./registration";
import { benchReview } from "./review";
import { benchStatus } from "./status";
import { benchSynthesis } from "./synthesis";
import { findParts } from "../../testbed/parts";

const BENCHES = {
  synthesis: benchSynthesis,
  apply: benchApply,
  plan: benchPlan,
  review: benchReview,
  status: benchStatus,
  drain: benchDrain,
  registration: benchRegistration,
  endpoint: benchEndpoint,
};

async function main(names: string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in BENCHES));
  if (unknown.length > 0) {
    console.error(`unknown: ${unknown.join(", ")}; there are ${Object.keys(BENCHES).join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const parts = await findParts({ log: console.log });
  console.log(parts.banner);
  try {
    for (const [name, bench] of Object.entries(BENCHES)) {
      if (names.length > 0 && !names.includes(name)) continue;
      console.log(`\n${name}`);
      await bench(parts);
    }
  } finally {
    await parts.stop();
  }
}

void main(process.argv.slice(2));
