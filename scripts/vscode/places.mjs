// Where things are.
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** Everything that is fetched to run a VS Code: ignored by git, safe to delete. */
export const fetched = path.join(checkout, ".vscode-test");

/** Where the VS Code server is installed. */
export const serverHome = path.join(fetched, "server");

/** The VS Code inside the installed server. */
export const serverRoot = path.join(serverHome, "node_modules", "code-server", "lib", "vscode");

/** The manifest and lock file from which the server is installed, and its stand-ins. */
export const serverRecipe = path.join(checkout, "scripts", "vscode", "server");
