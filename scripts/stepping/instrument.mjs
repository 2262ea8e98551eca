import ts from "typescript";
import { Edits } from "./edits.mjs";
import { boundNames, functionName } from "./names.mjs";
import { Refusal } from "./refusal.mjs";

/** A macro of the kernel: nobody steps into one, so what has such a name is left as it is. */
const MACRO = /^[A-Z][A-Z0-9_]*$/;

/** Depth lies above the statement's number in an entry of the ring. */
const ONE_DEEPER = 1 << 16;

/**
 * Puts a probe before every statement of every function of a file.
 *
 * The probe stands before the statement, and in the head of a loop wherever the head is evaluated again: before
 * the test of `while` and `do`, before the increment of `for`. Each function catches the pause that a probe
 * throws, adds its frame and passes it on. For that the variables of a block are declared in front of a
 * `try` around the rest of the block; the block stays the scope, so closures keep their own iteration.
 *
 * A function whose name is in capitals stands for a macro and gets no probes.
 *
 * @param {string} text the file, TypeScript
 * @param {string} file its path as the statements name it
 * @param {import("./table.mjs").Table} table receives the functions and statements
 * @returns {string} the instrumented TypeScript, each line of which is the same line of `text`
 */
export function instrument(text, file, table) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true);
  const broken = source.parseDiagnostics?.[0];
  if (broken) {
    const node = { getStart: () => broken.start };
    throw new Refusal(source, node, ts.flattenDiagnosticMessageText(broken.messageText, " "));
  }
  const edits = new Edits(text);
  new Instrumenter(source, edits, table).expressions(source);
  return edits.apply();
}

/** A call of `trace_…`: it tells an observer what has happened and is no statement of the program's own. */
function isTracepoint({ expression }) {
  return (
    ts.isCallExpression(expression) &&
    ts.isIdentifier(expression.expression) &&
    expression.expression.text.startsWith("trace_")
  );
}

class Instrumenter {
  /**
   * @param {ts.SourceFile} source
   * @param {Edits} edits
   * @param {import("./table.mjs").Table} table
   */
  constructor(source, edits, table) {
    this.source = source;
    this.edits = edits;
    this.table = table;
    /** The function whose body is being walked: its number, and how many loop variables it has copied. */
    this.fn = null;
  }

  refuse(node, reason) {
    throw new Refusal(this.source, node, reason);
  }

  start(node) {
    return node.getStart(this.source);
  }

  /** Where the head of an `if`, a `switch` or a loop ends: behind its closing bracket. */
  headEnd(node) {
    const bracket = node
      .getChildren(this.source)
      .find((child) => child.kind === ts.SyntaxKind.CloseParenToken);
    return bracket.end;
  }

  // #region functions

  /** Walks what is no statement of the current function, and instruments the functions found in it. */
  expressions(node) {
    if (node === undefined) return;
    if (isFunction(node)) {
      this.function(node);
      return;
    }
    if (ts.isIdentifier(node) && node.text.startsWith("$")) {
      this.refuse(node, `${node.text}: names with a leading $ belong to the probes`);
    }
    if (ts.isAwaitExpression(node) || ts.isYieldExpression(node)) {
      this.refuse(node, "a step cannot wait: no await, no yield");
    }
    if (this.fn !== null && ts.isClassLike(node)) {
      this.refuse(node, "a class inside a function cannot be instrumented");
    }
    ts.forEachChild(node, (child) => this.expressions(child));
  }

  function(node) {
    if (node.asteriskToken) this.refuse(node, "a generator cannot be instrumented");
    if (node.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.AsyncKeyword)) {
      this.refuse(node, "an async function cannot be instrumented");
    }
    for (const parameter of node.parameters) this.expressions(parameter);
    const { body } = node;
    if (body === undefined) return;
    if (!ts.isBlock(body)) {
      this.expressions(body);
      return;
    }
    const name = functionName(node, this.source);
    if (body.statements.length === 0 || MACRO.test(name)) return;
    const outer = this.fn;
    const parameters = node.parameters
      .flatMap((parameter) => boundNames(parameter.name))
      .filter((name) => name !== "this");
    this.fn = {
      id: this.table.addFunction({
        name,
        file: this.source.fileName,
        parameters,
        ...this.range(this.start(node), node.end),
      }),
      copies: 0,
    };
    this.edits.insert(
      body.statements.pos,
      ` const $d = $k[2] + ${ONE_DEEPER}; $k[2] = $d; let $s = -1;`,
    );
    const variables = parameters.map((name) => ({ name, since: -1, value: name }));
    this.scope(body, variables, (list) => `$frame($e, ${this.fn.id}, $s, ${list})`, LEAVE);
    this.fn = outer;
  }

  // #endregion
  // #region scopes

  /**
   * A block and its variables.
   * @param {ts.Block | ts.SourceFile} block
   * @param {Variable[]} variables what is in scope in it beside what it declares
   * @param {(list: string) => string} report the expression that passes the pause on
   * @param {string} last what runs when the end of the block is reached
   */
  scope(block, variables, report, last = "") {
    const declared = declaredIn(block.statements);
    for (const name of declared) variables.push({ name, since: NaN, value: name });
    if (variables.length === 0 && report === REPORT_SCOPE) {
      this.statements(block.statements, variables);
      return;
    }
    const declaration = declared.length === 0 ? "" : ` let ${declared.join(", ")};`;
    this.edits.insert(block.statements.pos, `${declaration} try {`);
    this.statements(block.statements, variables);
    const end = completes(block.statements) ? last : "";
    this.edits.insert(
      block.end - 1,
      `;${end} } catch ($e) { throw ${report(variableList(variables))}; } `,
    );
  }

  /** A statement that is the body of another: it becomes a block. */
  body(node, variables = []) {
    if (ts.isBlock(node)) {
      this.scope(node, variables, REPORT_SCOPE);
      return;
    }
    const list = variableList(variables);
    const guarded = variables.length > 0;
    this.edits.insert(this.start(node), guarded ? "{ try { " : "{ ");
    this.statement(node, []);
    this.edits.insert(
      node.end,
      guarded ? ` } catch ($e) { throw ${REPORT_SCOPE(list)}; } }` : " }",
    );
  }

  // #endregion
  // #region probes

  /**
   * Makes an entry in the table, which covers [start, end) of the source.
   * @returns {number} the statement's number
   */
  entry(start, end, again = -1) {
    const text = this.source.text.slice(start, end).replace(/\s+/g, " ").trim();
    const id = this.table.addStatement({
      function: this.fn.id,
      ...this.range(start, end),
      text,
      again,
    });
    return id;
  }

  range(start, end) {
    const from = this.source.getLineAndCharacterOfPosition(start);
    const to = this.source.getLineAndCharacterOfPosition(end);
    return {
      line: from.line + 1,
      column: from.character + 1,
      endLine: to.line + 1,
      endColumn: to.character + 1,
    };
  }

  /** The probe before a statement. */
  probe(at, id) {
    this.edits.insert(
      at,
      `$s = ${id}; $t[$k[0] & 65535] = $d + ${id}; if (++$k[0] === $k[1]) delete $p.now; `,
    );
  }

  /** The probe in front of an expression: a comma and the expression have to follow. */
  probeExpression(id) {
    return `$s = ${id}, $t[$k[0] & 65535] = $d + ${id}, ++$k[0] === $k[1] && delete $p.now`;
  }

  // #endregion
  // #region statements

  statements(list, variables) {
    for (const statement of list) this.statement(statement, variables);
  }

  /**
   * @param {ts.Statement} node
   * @param {Variable[]} variables those of the block, which a declaration marks as set
   */
  statement(node, variables) {
    switch (node.kind) {
      case ts.SyntaxKind.EmptyStatement:
      case ts.SyntaxKind.InterfaceDeclaration:
      case ts.SyntaxKind.TypeAliasDeclaration:
        return;
      case ts.SyntaxKind.Block:
        this.scope(node, [], REPORT_SCOPE);
        return;
      case ts.SyntaxKind.FunctionDeclaration:
        this.function(node);
        return;
      case ts.SyntaxKind.VariableStatement:
        this.declaration(node, variables);
        return;
      case ts.SyntaxKind.ExpressionStatement:
        if (isTracepoint(node)) {
          this.expressions(node.expression);
          return;
        }
      // falls through
      case ts.SyntaxKind.ThrowStatement:
      case ts.SyntaxKind.BreakStatement:
      case ts.SyntaxKind.ContinueStatement:
        this.probe(this.start(node), this.entry(this.start(node), node.end));
        ts.forEachChild(node, (child) => this.expressions(child));
        return;
      case ts.SyntaxKind.ReturnStatement:
        this.return(node);
        return;
      case ts.SyntaxKind.IfStatement:
        this.if(node);
        return;
      case ts.SyntaxKind.SwitchStatement:
        this.switch(node, this.start(node));
        return;
      case ts.SyntaxKind.TryStatement:
        this.try(node);
        return;
      case ts.SyntaxKind.LabeledStatement:
        this.labeled(node);
        return;
      case ts.SyntaxKind.ForStatement:
      case ts.SyntaxKind.ForInStatement:
      case ts.SyntaxKind.ForOfStatement:
      case ts.SyntaxKind.WhileStatement:
      case ts.SyntaxKind.DoStatement:
        this.loop(node, this.start(node));
        return;
      default:
        this.refuse(node, `${ts.SyntaxKind[node.kind]} cannot be instrumented`);
    }
  }

  declaration(node, variables) {
    const list = node.declarationList;
    this.checkKind(list);
    const { declarations } = list;
    const start = this.start(node);
    if (declarations.every((declaration) => !declaration.initializer)) {
      this.setSince(declarations, variables, this.table.lastStatement);
      this.edits.remove(start, declarations.end);
      return;
    }
    const id = this.entry(start, node.end);
    this.setSince(declarations, variables, id);
    this.probe(start, id);
    this.edits.remove(start, this.start(declarations[0]));
    for (const declaration of declarations) {
      const from = this.start(declaration);
      const { name, initializer } = declaration;
      if (!initializer) {
        // The block's own declaration has set it to undefined.
        this.edits.insert(from, "0");
        this.edits.remove(from, declaration.end);
        continue;
      }
      this.edits.insert(from, "(");
      this.expressions(name);
      this.edits.remove(name.end, (declaration.type ?? declaration.exclamationToken ?? name).end);
      this.expressions(initializer);
      this.edits.insert(declaration.end, ")");
    }
  }

  checkKind(list) {
    const kind = list.flags & ts.NodeFlags.BlockScoped;
    if (kind !== ts.NodeFlags.Const && kind !== ts.NodeFlags.Let) {
      this.refuse(list, "only let and const can be instrumented");
    }
  }

  setSince(declarations, variables, id) {
    const names = new Set(declarations.flatMap((declaration) => boundNames(declaration.name)));
    for (const variable of variables) if (names.has(variable.name)) variable.since = id;
  }

  return(node) {
    const start = this.start(node);
    const { expression } = node;
    this.probe(start, this.entry(start, node.end));
    if (expression === undefined || !mayCall(expression)) {
      this.expressions(expression);
      this.edits.insert(start, `{${LEAVE} `);
      this.edits.insert(node.end, " }");
      return;
    }
    // The depth is put back after the calls of the expression, not before.
    const from = this.start(expression);
    this.edits.insert(start, "{ const $r = ");
    this.edits.remove(start, from);
    this.expressions(expression);
    this.edits.insert(expression.end, `;${LEAVE} return $r; }`);
  }

  if(node) {
    const start = this.start(node);
    this.probe(start, this.entry(start, this.headEnd(node)));
    this.expressions(node.expression);
    this.body(node.thenStatement);
    if (node.elseStatement) this.body(node.elseStatement);
  }

  switch(node, start) {
    const id = this.entry(start, this.headEnd(node));
    this.probe(start, id);
    const { clauses } = node.caseBlock;
    const declared = clauses.flatMap((clause) => declaredIn(clause.statements));
    const variables = declared.map((name) => ({ name, since: NaN, value: name }));
    if (declared.length > 0) this.edits.insert(start, `{ let ${declared.join(", ")}; try { `);
    this.expressions(node.expression);
    for (const clause of clauses) {
      if (ts.isCaseClause(clause)) this.expressions(clause.expression);
      this.statements(clause.statements, variables);
    }
    if (declared.length > 0) {
      const list = variableList(variables);
      this.edits.insert(node.end, ` } catch ($e) { throw ${REPORT_SCOPE(list)}; } }`);
    }
  }

  try(node) {
    if (node.finallyBlock)
      this.refuse(node.finallyBlock, "finally would run when the machine is paused");
    this.scope(node.tryBlock, [], REPORT_SCOPE);
    const { variableDeclaration: caught, block } = node.catchClause;
    if (caught && !ts.isIdentifier(caught.name)) {
      this.refuse(caught, "a caught error has to have a name");
    }
    const name = caught ? caught.name.text : "$c";
    if (!caught) this.edits.insert(this.start(block), `(${name}) `);
    this.edits.insert(block.statements.pos, ` if (${name} === $pause) throw ${name}; $k[2] = $d;`);
    const since = this.table.lastStatement;
    this.scope(block, caught ? [{ name, since, value: name }] : [], REPORT_SCOPE);
  }

  labeled(node) {
    let { statement } = node;
    while (ts.isLabeledStatement(statement)) statement = statement.statement;
    const start = this.start(node);
    if (ts.isIterationStatement(statement, false)) this.loop(statement, start);
    else if (ts.isSwitchStatement(statement)) this.switch(statement, start);
    else this.refuse(node, "only loops and switches can have a label");
  }

  /**
   * @param {ts.IterationStatement} node
   * @param {number} start where the statement begins, its label included
   */
  loop(node, start) {
    if (ts.isDoStatement(node)) {
      this.do(node);
      return;
    }
    if (ts.isWhileStatement(node)) {
      const id = this.entry(start, this.headEnd(node));
      this.head(node.expression, this.probeExpression(id));
      this.body(node.statement);
      return;
    }
    if (ts.isForStatement(node)) {
      this.for(node, start);
      return;
    }
    const { initializer } = node;
    const id = this.entry(start, this.headEnd(node));
    this.probe(start, id);
    this.expressions(node.expression);
    if (!ts.isVariableDeclarationList(initializer)) {
      this.body(node.statement);
      return;
    }
    this.checkKind(initializer);
    const names = initializer.declarations.flatMap((declaration) => boundNames(declaration.name));
    this.body(
      node.statement,
      names.map((name) => ({ name, since: id, value: name })),
    );
  }

  do(node) {
    this.body(node.statement);
    const from = this.source.text.lastIndexOf("while", node.expression.pos);
    const id = this.entry(from, node.end);
    this.head(node.expression, this.probeExpression(id));
  }

  /**
   * The variables of the head cannot be seen from a catch outside the loop, and cannot be declared outside
   * it, since each iteration has its own. So the head copies them wherever it runs.
   */
  for(node, start) {
    const { initializer, condition, incrementor, statement } = node;
    const end = this.headEnd(node);
    const id = this.entry(start, end);
    this.probe(start, id);
    let variables = [];
    if (initializer && ts.isVariableDeclarationList(initializer)) {
      this.checkKind(initializer);
      variables = initializer.declarations
        .flatMap((declaration) => boundNames(declaration.name))
        .map((name) => ({ name, since: id, value: `$v${this.fn.copies++}` }));
    }
    const copy = variables.map(({ name, value }) => `${value} = ${name}, `).join("");
    const again = incrementor ?? condition;
    const againId = again
      ? this.entry(this.start(again), again.end, id)
      : this.entry(start, end, id);
    if (copy !== "") {
      const copies = variables.map(({ value }) => value).join(", ");
      this.edits.insert(start, `{ let ${copies}; try { `);
    }
    this.expressions(initializer);
    if (condition) {
      this.head(condition, mayCall(condition) ? copy.slice(0, -2) : "");
    }
    const step = copy + this.probeExpression(againId);
    if (incrementor) this.head(incrementor, step);
    else this.edits.insert(this.headEnd(node) - 1, step);
    this.body(
      statement,
      variables.map(({ name, since }) => ({ name, since, value: name })),
    );
    if (copy !== "") {
      const list = variableList(variables);
      this.edits.insert(node.end, ` } catch ($e) { throw ${REPORT_SCOPE(list)}; } }`);
    }
  }

  /** Puts expressions in front of one in the head of a loop. */
  head(expression, before) {
    if (before !== "") this.edits.insert(this.start(expression), `${before}, (`);
    this.expressions(expression);
    if (before !== "") this.edits.insert(expression.end, ")");
  }

  // #endregion
}

/**
 * @typedef {object} Variable
 * @property {string} name
 * @property {number} since it has a value at statements with a greater number than this
 * @property {string} value the expression that reads it
 */

const LEAVE = ` $k[2] = $d - ${ONE_DEEPER};`;

const REPORT_SCOPE = (list) => `$scope($e, ${list})`;

/** @param {Variable[]} variables */
function variableList(variables) {
  return `[${variables.map(({ name, since, value }) => `"${name}", ${since}, ${value}`).join(", ")}]`;
}

function isFunction(node) {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isConstructorDeclaration(node) ||
    ts.isAccessor(node)
  );
}

/** The names that a list of statements declares for its block. */
function declaredIn(statements) {
  return statements
    .filter(ts.isVariableStatement)
    .flatMap((statement) => statement.declarationList.declarations)
    .flatMap((declaration) => boundNames(declaration.name));
}

/** Whether the end of a list of statements may be reached: false only where it plainly cannot. */
function completes(statements) {
  const last = statements[statements.length - 1];
  return last === undefined || !(ts.isReturnStatement(last) || ts.isThrowStatement(last));
}

/** Whether evaluating an expression may call something. */
function mayCall(expression) {
  let found = false;
  const visit = (node) => {
    if (
      ts.isCallExpression(node) ||
      ts.isNewExpression(node) ||
      ts.isTaggedTemplateExpression(node)
    ) {
      found = true;
    } else if (!found && !isFunction(node)) ts.forEachChild(node, visit);
  };
  visit(expression);
  return found;
}
