export function bundleCommands(): Promise<void>;
