// Bundles the tests that judge mutants of the core: out/mutation/tests.mjs.
//
// They are the core's unit tests and the recorded cases, as they are; only `node:test` and
// `node:crypto` are replaced, by what is quicker. None of them may use the
// stepped core: it would put its probes between the mutants.
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { testSources } from "../build-tests.mjs";
import { checkout } from "../vscode/places.mjs";

const inOrder = fileURLToPath(new URL("tests-in-order.mjs", import.meta.url));
const diskHash = fileURLToPath(new URL("disk-hash.mjs", import.meta.url));
const coreTests = path.join("test", "unit", "core") + path.sep;
const sources = [
  ...testSources("unit").filter((file) => path.relative(checkout, file).startsWith(coreTests)),
  ...testSources("golden"),
];
const imports = [inOrder, ...sources].map((file) => `import ${JSON.stringify(file)};`);

await esbuild.build({
  stdin: {
    contents: [
      ...imports,
      `import { runTests } from ${JSON.stringify(inOrder)};`,
      "await runTests();",
    ].join("\n"),
    resolveDir: checkout,
  },
  outfile: path.join(checkout, "out", "mutation", "tests.mjs"),
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  // One file starts sooner than a package of many.
  mainFields: ["module", "main"],
  banner: {
    js: `import { createRequire as $createRequire } from "node:module";
const require = $createRequire(import.meta.url);`,
  },
  logLevel: "warning",
  plugins: [
    {
      name: "quicker",
      setup(build) {
        build.onResolve({ filter: /^node:test$/ }, () => ({ path: inOrder }));
        build.onResolve({ filter: /^node:crypto$/ }, ({ importer }) =>
          importer === diskHash ? undefined : { path: diskHash },
        );
        build.onResolve({ filter: /^stepped:/ }, ({ importer }) => ({
          errors: [{ text: `${importer} uses the stepped core, which has no mutants` }],
        }));
      },
    },
  ],
});
