/** What ends a program from outside. SIGHUP is the end of the terminal, as when ssh drops. */
export const INTERRUPTS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Within this after the first, a further interrupt is the same one: the terminal's, that of npm, a person's double press. */
export const SAME_INTERRUPT_MS = 1000;
