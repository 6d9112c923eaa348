/** Which parts a run may use: real ones where they can be had, only real ones, or only stand-ins. */
export type PartsMode = "auto" | "real" | "stand-in";
