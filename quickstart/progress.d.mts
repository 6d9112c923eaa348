export function createProgress(write?: (text: string) => void): {
  say: (line: string) => void;
  print: (text: string) => void;
  end: () => void;
};
