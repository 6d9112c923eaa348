import { App } from "cdktf";
import { local } from "./environments/local";
import { production } from "./environments/production";
import { CitusStack } from "./stacks/citus-stack";

const app = new App();
for (const environment of [local, production]) new CitusStack(app, environment);
app.synth();
