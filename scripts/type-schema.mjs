/**
 * Makes JSON schemas of TypeScript's interfaces, as far as the debug protocol's declarations need it: objects,
 * arrays, unions, texts that are one of several, and interfaces that extend others.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import ts from "typescript";

/** @typedef {Record<string, any>} Schema */

/** The protocol's own declarations. */
export function protocolTypes() {
  const { resolve } = createRequire(import.meta.url);
  return readFileSync(resolve("@vscode/debugprotocol/lib/debugProtocol.d.ts"), "utf8");
}

/**
 * The schema of each interface and type of a declaration file, by its name.
 *
 * @param {string} text
 * @param {(name: string) => Schema} [numberNamed] the schema of a number, by the name of its property
 * @returns {Record<string, Schema>}
 */
export function schemasOf(text, numberNamed = () => ({ type: "number" })) {
  const file = ts.createSourceFile("types.d.ts", text, ts.ScriptTarget.Latest, true);
  /** @type {Map<string, ts.InterfaceDeclaration | ts.TypeAliasDeclaration>} */
  const declared = new Map();
  /** @param {ts.Node} node */
  const collect = (node) => {
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) {
      declared.set(node.name.text, node);
    } else if (ts.isModuleDeclaration(node) || ts.isModuleBlock(node) || ts.isSourceFile(node)) {
      ts.forEachChild(node, collect);
    }
  };
  collect(file);

  /** @param {ts.TypeNode} type @param {string} name of the property @returns {Schema} */
  const schemaOf = (type, name) => {
    if (ts.isParenthesizedTypeNode(type)) return schemaOf(type.type, name);
    if (ts.isArrayTypeNode(type)) return { type: "array", items: schemaOf(type.elementType, name) };
    if (ts.isTypeLiteralNode(type)) return objectOf(type.members);
    if (ts.isUnionTypeNode(type)) return unionOf(type.types, name);
    if (ts.isLiteralTypeNode(type)) {
      if (type.literal.kind === ts.SyntaxKind.NullKeyword) return { type: "null" };
      if (ts.isStringLiteral(type.literal)) return { enum: [type.literal.text] };
    }
    if (ts.isTypeReferenceNode(type)) return { $ref: `#/definitions/${type.typeName.getText()}` };
    if (type.kind === ts.SyntaxKind.NumberKeyword) return numberNamed(name);
    if (type.kind === ts.SyntaxKind.StringKeyword) return { type: "string" };
    if (type.kind === ts.SyntaxKind.BooleanKeyword) return { type: "boolean" };
    // Of what is absent there is nothing to say either.
    if ([ts.SyntaxKind.AnyKeyword, ts.SyntaxKind.UndefinedKeyword].includes(type.kind)) return {};
    throw new Error(`No schema is known for the type ${type.getText()}.`);
  };

  /** @param {readonly ts.TypeNode[]} types @param {string} name @returns {Schema} */
  const unionOf = (types, name) => {
    const schemas = types.map((type) => schemaOf(type, name));
    const texts = schemas.flatMap((schema) => schema.enum ?? []);
    const others = schemas.filter((schema) => schema.enum === undefined);
    // "a" | "b" | string: the known texts are only examples.
    const anyText = others.some((schema) => schema.type === "string");
    if (texts.length > 0 && !anyText) others.unshift({ enum: texts });
    return others.length === 1 ? /** @type {Schema} */ (others[0]) : { anyOf: others };
  };

  /** @param {readonly ts.TypeElement[]} members @returns {Schema} */
  const objectOf = (members) => {
    /** @type {Schema} */
    const schema = { type: "object" };
    for (const member of members) {
      if (ts.isIndexSignatureDeclaration(member)) {
        schema.additionalProperties = schemaOf(member.type, "");
      } else if (ts.isPropertySignature(member) && member.type !== undefined) {
        const name = /** @type {ts.StringLiteral | ts.Identifier} */ (member.name).text;
        (schema.properties ??= {})[name] = schemaOf(member.type, name);
        if (member.questionToken === undefined) (schema.required ??= []).push(name);
      }
    }
    return schema;
  };

  /** @param {ts.InterfaceDeclaration} node @returns {Schema} */
  const interfaceOf = (node) => {
    const own = objectOf(node.members);
    // What a message is called stands in a comment: `// command: 'cancel';`.
    for (const [, name, value] of node.getText().matchAll(/\/\/ (command|event): '(\w+)';/g)) {
      own.properties = { ...own.properties, [/** @type {string} */ (name)]: { enum: [value] } };
    }
    for (const { types } of node.heritageClauses ?? []) {
      for (const { expression } of types) {
        const base = definitionOf(expression.getText());
        own.properties = { ...base.properties, ...own.properties };
        own.required = [...new Set([...(base.required ?? []), ...(own.required ?? [])])];
      }
    }
    return own;
  };

  /** @param {string} name @returns {Schema} */
  const definitionOf = (name) => {
    const node = declared.get(name);
    if (node === undefined) throw new Error(`The type ${name} is not declared.`);
    return ts.isInterfaceDeclaration(node) ? interfaceOf(node) : schemaOf(node.type, name);
  };
  return Object.fromEntries([...declared.keys()].map((name) => [name, definitionOf(name)]));
}
