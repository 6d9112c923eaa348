import type { Metafile } from "esbuild";

export const BUNDLE: string;
export function bundle(
  outfile?: string,
): Promise<{ outfile: string; bytes: number; packages: string[]; metafile: Metafile }>;
