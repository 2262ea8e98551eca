import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundleCore, find, sources } from "./core.mjs";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** What the inserted code calls the things of the probe, and what the probe's module calls them. */
const PROBE = {
  $k: "counters",
  $t: "track",
  $p: "probe",
  $pause: "pause",
  $frame: "frame",
  $scope: "scope",
};

/**
 * An esbuild plugin that builds the core a second time, with a probe before every statement.
 *
 * - `stepped:core/<file>` is that file of the core in the second build. It shares nothing with the first.
 * - `stepped:statements` is the table of the statements that have a probe.
 * - `stepped:probe` is what the probes call.
 *
 * @param {object} [options]
 * @param {string} [options.root] the folder of the core
 * @param {string[]} [options.instrument] the folders below it that get probes
 * @param {string} [options.probe] the file that the probes call
 * @returns {import("esbuild").Plugin}
 */
export function stepping({
  root = path.join(project, "src/core"),
  instrument = ["blkfront", "blkback"],
  probe = path.join(project, "src/replay/probe.ts"),
} = {}) {
  return {
    name: "stepping",
    setup(build) {
      /** @type {import("./core.mjs").Core} */
      let core;

      build.onStart(async () => {
        const sourcemap = Boolean(build.initialOptions.sourcemap);
        core = await bundleCore(build.esbuild, root, instrument, sourcemap);
        return { errors: core.errors };
      });

      build.onResolve({ filter: /^stepped:/ }, ({ path: id }) => {
        if (id === "stepped:probe") return { path: probe };
        if (id === "stepped:bundle" || id === "stepped:statements")
          return { path: id, namespace: "stepped" };
        const file = id.startsWith("stepped:core/") && find(path.join(root, id.slice(13)));
        if (file) return { path: file, namespace: "stepped-core" };
        return { errors: [{ text: `${id} is no file of ${root}` }] };
      });

      build.onLoad({ filter: /.*/, namespace: "stepped-core" }, ({ path: file }) => {
        const found = core.files.get(file);
        // The build has failed; what a module in CommonJS lacks is no error on top of it.
        if (found === undefined) return { contents: "module.exports = {};", loader: "js" };
        const { key, names } = found;
        const contents = names
          .map((name) => `export const ${name} = core.${key}.${name};`)
          .join("\n");
        return { contents: `import { core } from "stepped:bundle";\n${contents}`, loader: "js" };
      });

      build.onLoad({ filter: /:bundle$/, namespace: "stepped" }, () => ({
        contents: closure(core.text),
        loader: "js",
        watchFiles: sources(root),
      }));

      build.onLoad({ filter: /:statements$/, namespace: "stepped" }, () => ({
        contents: core.table.toModule(),
        loader: "js",
      }));
    },
  };
}

/** The bundle as a module. What precedes it stands on its first line, where its source map expects nothing. */
function closure(text) {
  const names = Object.values(PROBE);
  const constants = Object.entries(PROBE).map(([short, name]) => `${short} = ${name}`);
  return (
    `import { ${names.join(", ")} } from "stepped:probe"; export const core = (() => { ` +
    `const module = { exports: {} }, ${constants.join(", ")}; ${text}\nreturn module.exports; })();`
  );
}
