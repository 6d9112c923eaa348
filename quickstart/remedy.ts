import { commandIn, typed } from "../operations/base/remedy";

/** What to do, by what Terraform, the Docker provider or the engine say. The first that matches counts. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /port is already allocated|address already in use/,
    "choose another port (PGDIST_LOCAL_PORT=5440 npm run quickstart) or stop what uses it",
  ],
  [
    /container name "?\S+"? is already in use|network with name \S+ already exists/,
    `it isn't in this checkout's Terraform state: ${typed(commandIn({ environment: "local" }, "recover"))}`,
  ],
  [/Error acquiring the state lock/, "another run is at work here: wait for it"],
  [
    /manifest unknown|unable to pull image|Unable to read Docker image|pull access denied/i,
    "check that this machine reaches the image's registry (docker pull), or load the image (docker load)",
  ],
  [
    /Failed to query available provider packages|registry\.terraform\.io|registry\.opentofu\.org/,
    "check that this machine reaches the provider registry, or put the providers into ~/.terraform.d/plugins",
  ],
  [/overlaps with other one on this address space/, "set another subnet in environments/local.ts"],
  [/no space left on device/i, "free some space (docker system df)"],
  [/Cannot connect to the Docker daemon|connection refused/, "check that the Docker engine is still running"],
];

export function remedyFor(output: string): string {
  return REMEDIES.find(([symptom]) => symptom.test(output))?.[1] ?? "fix that (the details are below)";
}
