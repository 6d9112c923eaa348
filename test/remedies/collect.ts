import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

const ROOT = join(__dirname, "../..");

/** Of whose code a person is told what to do. */
const FOLDERS = ["model", "operations", "quickstart", "stacks", "constructs"];

/** Where a remedy stands among the arguments of a call. */
const CALLS: Readonly<Record<string, number>> = {
  Failure: 1,
  failed: 2,
  warning: 2,
  judge: 2,
  found: 3,
  refuse: 1,
  add: 1,
};

/** A text that tells a person what to do. */
export interface Remedy {
  readonly file: string;
  /** As it stands in the source, with `…` for what is put in; on one line. */
  readonly text: string;
}

/** Every remedy whose words stand in the source, each once per file: `new Failure(_, remedy)`, `remedy: ...`, findings. */
export function collectRemedies(): Remedy[] {
  return sources().flatMap(({ path, source }) => {
    const texts = new Set<string>();
    const visit = (node: ts.Node): void => {
      for (const expression of remediesOf(node)) for (const text of textsOf(expression)) texts.add(text);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return [...texts].map((text) => ({ file: relative(ROOT, path), text }));
  });
}

function sources(): { readonly path: string; readonly source: ts.SourceFile }[] {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
      .map((file) => join(ROOT, folder, file)),
  );
  return files.sort().map((path) => ({
    path,
    source: ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true),
  }));
}

function remediesOf(node: ts.Node): ts.Expression[] {
  if ((ts.isCallExpression(node) || ts.isNewExpression(node)) && ts.isIdentifier(node.expression)) {
    const argument = node.arguments?.[CALLS[node.expression.text] ?? -1];
    return argument === undefined ? [] : [argument];
  }
  const named = (name: ts.Node | undefined) =>
    name !== undefined && ts.isIdentifier(name) && /^(remedy|[A-Z_]*REMEDY)$/.test(name.text);
  if (
    (ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) &&
    named(node.name) &&
    node.initializer
  )
    return [node.initializer];
  if (ts.isFunctionDeclaration(node) && /remedy/i.test(node.name?.text ?? "")) return returned(node.body);
  return [];
}

/** What a function gives back, from any of its branches. */
function returned(body: ts.Node | undefined): ts.Expression[] {
  const found: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isReturnStatement(node) && node.expression) found.push(node.expression);
    else if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  if (body !== undefined) ts.forEachChild(body, visit);
  return found;
}

/** The texts that an expression may be; none of what is only passed on. */
function textsOf(expression: ts.Expression): string[] {
  if (ts.isParenthesizedExpression(expression)) return textsOf(expression.expression);
  if (ts.isConditionalExpression(expression))
    return [...textsOf(expression.whenTrue), ...textsOf(expression.whenFalse)];
  if (ts.isArrowFunction(expression))
    return ts.isBlock(expression.body)
      ? returned(expression.body).flatMap(textsOf)
      : textsOf(expression.body);
  const text = wordsOf(expression).replace(/\s+/g, " ").trim();
  return /[a-z]{3}/i.test(text.replaceAll("…", "")) ? [text] : [];
}

/** What stands in the place of a part that each reader is told in other words; see operations/base/remedy.ts. */
const PHRASES: Readonly<Record<string, string>> = { AGAIN: "apply again", OTHER_TRANSPORT: "set PGDIST_VIA" };

function wordsOf(expression: ts.Expression): string {
  if (ts.isTaggedTemplateExpression(expression)) return wordsOf(expression.template);
  if (ts.isStringLiteralLike(expression)) return expression.text;
  if (ts.isTemplateExpression(expression))
    return (
      expression.head.text +
      expression.templateSpans.map((span) => `${partOf(span.expression)}${span.literal.text}`).join("")
    );
  if (ts.isBinaryExpression(expression) && expression.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return wordsOf(expression.left) + wordsOf(expression.right);
  return "…";
}

function partOf(expression: ts.Expression): string {
  if (ts.isIdentifier(expression)) return PHRASES[expression.text] ?? "…";
  if (ts.isCallExpression(expression) && expression.expression.getText() === "deployOf")
    return "`npx cdktf deploy …`";
  const command = commandOf(expression);
  if (command === undefined) return "…";
  return `\`npx pg-dist ${[command.name, command.place === undefined ? [] : "…", ...command.words].flat().join(" ")}\``;
}

/** A command line as it is written in the source: `commandIn(place, "name", ...words)`, `helpOf("name")`. */
export interface WrittenCommand {
  /** `…` where it is no literal, as with its words. */
  readonly name: string;
  readonly place?: ts.Expression;
  readonly words: readonly string[];
}

export function commandOf(node: ts.Node): WrittenCommand | undefined {
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  const [first, ...others] = node.arguments;
  const wordOf = (word: ts.Expression | undefined) => (word === undefined ? "…" : wordsOf(word));
  if (node.expression.text === "helpOf") return { name: wordOf(first), words: ["--help"] };
  if (node.expression.text !== "commandIn") return undefined;
  return { name: wordOf(others[0]), place: first, words: others.slice(1).map(wordOf) };
}

/** Every command line that the sources name. */
export function collectCommands(): (WrittenCommand & { readonly file: string })[] {
  return sources().flatMap(({ path, source }) => {
    const found: (WrittenCommand & { readonly file: string })[] = [];
    const visit = (node: ts.Node): void => {
      const command = commandOf(node);
      if (command !== undefined) found.push({ ...command, file: relative(ROOT, path) });
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}
