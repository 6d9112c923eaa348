import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const FILE = join(__dirname, "../../model/environment.ts");

/** The types of which the page has a table, with its heading. */
const TABLES: Readonly<Record<string, string>> = {
  Environment: "The environment",
  DockerHostOptions: "Each of `hosts`",
  CoordinatorOptions: "`coordinator`",
  WorkerOptions: "Each worker",
  Backend: "`backend`",
  FirewallOptions: "`firewall`",
  AcceptedDrift: "Each of `acceptedDrift`",
};

interface Field {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

/** The fields of an environment file as tables in Markdown, made of the comments in model/environment.ts. */
export function describeFields(): string {
  const source = ts.createSourceFile(FILE, readFileSync(FILE, "utf8"), ts.ScriptTarget.Latest, true);
  const declared = new Map(
    source.statements.flatMap((node) =>
      ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ? [[node.name.text, node]] : [],
    ),
  );
  return Object.entries(TABLES)
    .map(([name, heading]) => {
      const node = declared.get(name);
      if (node === undefined) throw new Error(`environment.ts declares no ${name}`);
      return `### ${heading}\n\n${tableOf(fieldsOf(node, declared))}`;
    })
    .join("\n\n");
}

type Declaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

function fieldsOf(node: Declaration, declared: ReadonlyMap<string, Declaration>): Field[] {
  if (ts.isTypeAliasDeclaration(node)) {
    return ts.isUnionTypeNode(node.type)
      ? node.type.types.flatMap((each) => (ts.isTypeLiteralNode(each) ? variant(each) : []))
      : [];
  }
  const inherited = (node.heritageClauses ?? []).flatMap(({ types }) =>
    types.flatMap(({ expression }) => {
      const base = declared.get(expression.getText());
      return base === undefined ? [] : fieldsOf(base, declared);
    }),
  );
  return [...node.members.filter(ts.isPropertySignature).map(fieldOf), ...inherited];
}

/** Of one kind of backend: its fields, each with the kind before it, whose comment stands at the first. */
function variant(node: ts.TypeLiteralNode): Field[] {
  const [type, ...others] = node.members.filter(ts.isPropertySignature);
  if (type === undefined) return [];
  const kinds = type.type?.getText().replaceAll(/\s*\|\s*/g, ", ") ?? "";
  return [{ ...fieldOf(type), name: `type: ${kinds}`, default: "" }, ...others.map(fieldOf)];
}

function fieldOf(member: ts.PropertySignature): Field {
  const meaning = ts
    .getJSDocCommentsAndTags(member)
    .filter(ts.isJSDoc)
    .map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? "")
    .join(" ");
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === "default");
  const given = tag && ts.getTextOfJSDocComment(tag.comment);
  return {
    name: member.name.getText(),
    default: given === undefined ? (member.questionToken ? "none" : "required") : describeDefault(given),
    meaning: oneLine(meaning),
  };
}

/** `"citus" - network ...` is a value and what it means; `- no limit` is only words. */
function describeDefault(text: string): string {
  const [, value = "", words = ""] = /^(.*?)(?:(?:^|\s)- (.*))?$/s.exec(text) ?? [];
  if (value === "") return oneLine(words);
  return `\`${oneLine(value)}\`${words === "" ? "" : ` (${oneLine(words)})`}`;
}

function tableOf(fields: readonly Field[]): string {
  const rows = fields.map((field) => `| \`${field.name}\` | ${field.meaning} | ${field.default} |`);
  return ["| field | meaning | default |", "| --- | --- | --- |", ...rows].join("\n");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("|", "\\|").trim();
}
