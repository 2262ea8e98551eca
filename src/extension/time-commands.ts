/** The commands of a walk that has more than one future: to who wrote a value, to other branches, to faults. */
import * as vscode from "vscode";
import type { BranchList, CustomRequests } from "../adapter/custom-requests.js";
import { FAULTS } from "../adapter/fork/faults.js";
import type { Walks } from "./walks.js";

/** What VS Code hands to a command of the variables view. */
interface VariableContext {
  readonly variable?: { readonly evaluateName?: string };
}

type Session = vscode.DebugSession;

function ask<K extends keyof CustomRequests>(
  session: Session,
  command: K,
  args?: CustomRequests[K]["arguments"],
): Thenable<CustomRequests[K]["body"]> {
  return session.customRequest(command, args) as Thenable<CustomRequests[K]["body"]>;
}

/** Of the variable that the menu was opened on, or of what the user types. */
async function toWrite(
  session: Session,
  command: "grantwalk/lastWrite" | "grantwalk/nextWrite",
  context?: VariableContext,
): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const expression =
    context?.variable?.evaluateName ??
    (await vscode.window.showInputBox({
      prompt: "An expression in C that has a place, such as info->ring.req_prod_pvt",
      value: editor?.document.getText(editor.selection) ?? "",
    }));
  if (expression === undefined || expression.trim() === "") return;
  await ask(session, command, { expression });
}

async function injectFault(session: Session): Promise<void> {
  const choice = await vscode.window.showQuickPick(
    FAULTS.map(({ name, label }) => ({ label, name })),
    { placeHolder: "What the back end does wrong from this step on" },
  );
  if (choice !== undefined) await ask(session, "grantwalk/injectFault", { fault: choice.name });
}

/** Lets the user choose a branch other than the one that is walked. */
async function chooseBranch(
  { branches, current }: BranchList,
  placeHolder: string,
): Promise<number | undefined> {
  const others = branches.filter(({ id }) => id !== current);
  if (others.length === 0) {
    void vscode.window.showInformationMessage(
      "Grantwalk: there is one run only. Set a value or inject a fault to make another.",
    );
    return undefined;
  }
  const items = others.map(({ id, name, fork, length }) => ({
    id,
    label: `${id}: ${name}`,
    description: fork === null ? "" : `from branch ${fork.parent} at step ${fork.step}`,
    detail: `${length.toLocaleString("en-US")} steps`,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.id;
}

async function goToBranch(session: Session): Promise<void> {
  const list = await ask(session, "grantwalk/branches");
  const branch = await chooseBranch(list, `Branch ${list.current} is being walked. Go to`);
  if (branch !== undefined) await ask(session, "grantwalk/switchBranch", { branch });
}

async function compareBranches(session: Session): Promise<void> {
  const list = await ask(session, "grantwalk/branches");
  const branch = await chooseBranch(list, `Compare branch ${list.current} with`);
  if (branch === undefined) return;
  const { text, step } = await ask(session, "grantwalk/compareBranches", { branch });
  vscode.debug.activeDebugConsole.appendLine(text);
  const goThere = "Go There";
  const [head = ""] = text.split("\n");
  const actions = step === null ? [] : [goThere];
  const chosen = await vscode.window.showInformationMessage(
    `${head} The debug console has the details.`,
    ...actions,
  );
  if (chosen === goThere && step !== null) await ask(session, "grantwalk/goTo", { step });
}

/** Registers them. */
export function registerTimeCommands(walks: Walks): vscode.Disposable {
  const commands: Record<string, (session: Session, context?: VariableContext) => Promise<void>> = {
    lastWrite: (session, context) => toWrite(session, "grantwalk/lastWrite", context),
    nextWrite: (session, context) => toWrite(session, "grantwalk/nextWrite", context),
    injectFault,
    goToBranch,
    compareBranches,
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`grantwalk.${name}`, (context?: VariableContext) => {
        const session = walks.activeSession();
        return session === null ? undefined : run(session, context);
      }),
    ),
  );
}
