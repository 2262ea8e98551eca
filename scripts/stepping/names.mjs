import ts from "typescript";

/**
 * The name that a person would call a function by: its own, or that of the variable, the property or the
 * parameter that it becomes.
 * @param {ts.SignatureDeclaration} node
 * @param {ts.SourceFile} source
 * @returns {string}
 */
export function functionName(node, source) {
  if (ts.isConstructorDeclaration(node)) {
    return node.parent.name ? `new ${node.parent.name.text}` : "constructor";
  }
  if (node.name) return node.name.getText(source);
  let child = node;
  let parent = node.parent;
  while (
    ts.isParenthesizedExpression(parent) ||
    ts.isAsExpression(parent) ||
    ts.isSatisfiesExpression(parent)
  ) {
    child = parent;
    parent = parent.parent;
  }
  if (
    ts.isVariableDeclaration(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent)
  ) {
    return parent.name.getText(source);
  }
  if (ts.isBinaryExpression(parent) && parent.right === child) {
    const { left } = parent;
    return ts.isPropertyAccessExpression(left) ? left.name.text : left.getText(source);
  }
  if (ts.isCallExpression(parent)) return `${lastName(parent.expression, source)} callback`;
  return "anonymous";
}

function lastName(expression, source) {
  return ts.isPropertyAccessExpression(expression)
    ? expression.name.text
    : expression.getText(source);
}

/**
 * The names that a binding introduces, in source order.
 * @param {ts.BindingName} name
 * @returns {string[]}
 */
export function boundNames(name) {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) =>
    ts.isOmittedExpression(element) ? [] : boundNames(element.name),
  );
}
