/**
 * Packing: literals that are spread into others, and assignments that are put side by side, only to save lines. A column
 * of fields reads better and changes one line at a time.
 */

import ts from "typescript";

/** `path:line` of each. */
export function packed(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isSpreadLiteral(node) || isSideBySide(node))
      found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isSpreadLiteral(node: ts.Node): boolean {
  if (!ts.isSpreadAssignment(node) && !ts.isSpreadElement(node)) return false;
  const spread = bare(node.expression);
  return ts.isObjectLiteralExpression(spread) || ts.isArrayLiteralExpression(spread);
}

function isSideBySide(node: ts.Node): boolean {
  if (!ts.isVariableDeclaration(node) || node.initializer === undefined) return false;
  const value = bare(node.initializer);
  // One that spreads something is there for it: to read the first of what can only be iterated, or all but one of two.
  if (ts.isArrayLiteralExpression(value))
    return ts.isArrayBindingPattern(node.name) && !value.elements.some(ts.isSpreadElement);
  if (!ts.isObjectLiteralExpression(value)) return false;
  return ts.isObjectBindingPattern(node.name) && !value.properties.some(ts.isSpreadAssignment);
}

function bare(node: ts.Expression): ts.Expression {
  const isWrapped = ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node);
  return isWrapped ? bare(node.expression) : node;
}
