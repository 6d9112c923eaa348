import { join } from "node:path";
import { App } from "cdktf";
import { CitusStack } from "./stacks/citus-stack";
import { loadEnvironments } from "./stacks/environments";

const app = new App();
for (const environment of loadEnvironments(join(__dirname, "environments"))) new CitusStack(app, environment);
app.synth();
