import importX from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/** The floors of the house, from the ground up: a floor imports from itself and from those below. */
const core = "./src/core";
const inputs = "./src/inputs";
const replay = "./src/replay";
const adapter = "./src/adapter";
const panel = "./src/panel";
const extension = "./src/extension";
const cli = "./src/cli";
const webview = "./webview";
const test = "./test";

const everything = [core, inputs, replay, adapter, panel, extension, cli, webview, test];

/** A wall: `target` may import from itself and from `below`, and from nothing else of ours. */
function wall(target, below) {
  const from = everything.filter((place) => place !== target && !below.includes(place));
  return {
    target,
    from,
    message: `${target} may only import from ${[target, ...below].join(", ")}`,
  };
}

const walls = [
  wall(core, []),
  wall(inputs, [core]),
  wall(replay, [core]),
  wall(adapter, [core, inputs, replay]),
  wall(panel, [core, inputs, replay]),
  wall(extension, [core, inputs, replay, adapter, panel]),
  wall(cli, [core, inputs, replay, adapter]),
  {
    target: webview,
    from: "./src",
    except: ["./panel/messages.ts"],
    message: "the webview knows the messages of the panel and nothing else",
  },
];

/** Below `extension` and `cli` nothing knows Node or VS Code, so that all of it also runs in a browser. */
const portable = ["core", "inputs", "replay", "adapter", "panel"].map((room) => `src/${room}/**`);

export default tseslint.config(
  { ignores: ["dist/", "out/", ".vscode-test/", "src/*/generated/", "node_modules/"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.ts"],
    plugins: { "import-x": importX },
    settings: {
      "import-x/resolver-next": [
        importX.createNodeResolver({ extensionAlias: { ".js": [".ts", ".js"] } }),
      ],
    },
    rules: {
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones: walls }],
      "import-x/no-cycle": "off",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: portable,
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: ["vscode", "node:*", "fs", "path"],
              message: "this room also runs in a browser",
            },
          ],
        },
      ],
      "no-restricted-globals": ["error", "process", "Buffer", "__dirname", "require"],
    },
  },
  {
    files: ["src/core/**"],
    rules: {
      // The kernel's own names.
      "no-restricted-globals": ["error", "process", "Buffer", "Date", "performance"],
    },
  },
  { files: ["scripts/**", "bench/**", "*.mjs", "test/**"], rules: { "no-console": "off" } },
);
