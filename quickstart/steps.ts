export { down } from "./down";
export { up } from "./up";
