/**
 * Exports that nobody needs: a value that no other file imports, a member of a class that nothing names. What only tests
 * import is needed when its own file uses it, too; else the test keeps alive what the service does not have.
 */

import { dirname, join, normalize, sep } from "node:path";
import ts from "typescript";

/** Files of the project by their paths from its root; those under src are looked at, and the rest may use them. */
export type Files = ReadonlyMap<string, string>;

type Parsed = {
  readonly path: string;
  readonly exports: readonly string[];
  readonly members: readonly string[];
  /** `file name` of what it imports; `file *` where it imports all of it. */
  readonly imports: ReadonlySet<string>;
  /** How often each name stands in it. */
  readonly names: ReadonlyMap<string, number>;
};

/** `file name` of each that is not needed. */
export function unusedExports(files: Files): string[] {
  const parsed = [...files].map(([path, text]) => parse(path, text));
  const users = parsed.filter(({ path }) => !path.startsWith("test/"));
  const isImported = (by: readonly Parsed[], path: string, name: string) =>
    by.some(({ imports }) => imports.has(`${path} ${name}`) || imports.has(`${path} *`));
  return parsed
    .filter(({ path }) => path.startsWith("src/"))
    .flatMap(({ path, exports, members, names }) => {
      const isOwn = (name: string) => (names.get(name) ?? 0) > 1;
      const isNeeded = (name: string) =>
        isImported(users, path, name) || (isOwn(name) && isImported(parsed, path, name));
      const isNamed = (name: string) =>
        isOwn(name) || users.some((other) => other.path !== path && other.names.has(name));
      const unused = [...exports.filter((name) => !isNeeded(name)), ...members.filter((name) => !isNamed(name))];
      return unused.map((name) => `${path} ${name}`);
    });
}

function parse(path: string, text: string): Parsed {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const names = new Map<string, number>();
  const imports = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.set(node.text, (names.get(node.text) ?? 0) + 1);
    for (const each of importsOf(path, node)) imports.add(each);
    ts.forEachChild(node, visit);
  };
  visit(file);
  const exported = file.statements.filter(isExported);
  const classes = exported.filter(ts.isClassDeclaration);
  return { path, exports: exported.flatMap(valuesOf), members: classes.flatMap(membersOf), imports, names };
}

function isExported(node: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(node) ? ts.getModifiers(node) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
}

/** Names of values: types say what their users are handed, whether those name them or not. */
function valuesOf(node: ts.Statement): string[] {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.map(({ name }) => name.getText());
  const isNamed = ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node);
  return isNamed && node.name !== undefined ? [node.name.text] : [];
}

function membersOf(node: ts.ClassDeclaration): string[] {
  return node.members.flatMap(({ name }) => (name !== undefined && ts.isIdentifier(name) ? [name.text] : []));
}

function importsOf(path: string, node: ts.Node): string[] {
  const resolved = (specifier: ts.Expression) => {
    const text = specifier.getText().slice(1, -1);
    return text.startsWith(".")
      ? normalize(join(dirname(path), text))
          .split(sep)
          .join("/")
      : text;
  };
  if (ts.isImportDeclaration(node)) {
    const from = resolved(node.moduleSpecifier);
    const bindings = node.importClause?.namedBindings;
    if (bindings === undefined || ts.isNamespaceImport(bindings)) return [`${from} *`];
    return bindings.elements.map(({ name, propertyName }) => `${from} ${(propertyName ?? name).text}`);
  }
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return [];
  const from = resolved(node.arguments[0] as ts.Expression);
  return takenOf(node).map((name) => `${from} ${name}`);
}

/** What is taken of a module that is imported when it is needed; all of it where that does not show. */
function takenOf(call: ts.CallExpression): string[] {
  let { parent }: ts.Node = call;
  while (ts.isAwaitExpression(parent) || ts.isParenthesizedExpression(parent)) parent = parent.parent;
  if (ts.isPropertyAccessExpression(parent)) return [parent.name.text];
  if (ts.isVariableDeclaration(parent) && ts.isObjectBindingPattern(parent.name))
    return parent.name.elements.map(({ name, propertyName }) => (propertyName ?? name).getText());
  return ["*"];
}
