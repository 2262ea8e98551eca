/** The model's sources as the client knows them: by a path where it can open one, else by a number. */
import type { DebugProtocol } from "@vscode/debugprotocol";
import { statements } from "stepped:statements";
import type { StatementInfo } from "../replay/statements.js";
import type { Context } from "./context.js";
import { Failure, FailureId } from "./failure.js";
import type { AdapterHost } from "./host.js";
import type { Handlers } from "./wire.js";

/** The form in which two spellings of one path are equal. A path can be a URI where there are no files. */
function canonical(path: string): string {
  if (/^[a-z][a-z\d+.-]+:/i.test(path)) return decoded(path);
  const slashes = path.replaceAll("\\", "/");
  // Drive letters come in both cases.
  return /^[A-Za-z]:/.test(slashes) ? slashes.toLowerCase() : slashes;
}

function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}

export class Sources {
  /** Every file that has statements, in the order of the table. */
  readonly files: readonly string[];
  private readonly byFile = new Map<string, StatementInfo[]>();
  private readonly byPath = new Map<string, string>();

  constructor(private readonly host: Pick<AdapterHost, "sourcePath">) {
    for (const statement of statements) {
      const { file } = statement.function;
      const known = this.byFile.get(file);
      if (known === undefined) this.byFile.set(file, [statement]);
      else known.push(statement);
    }
    this.files = [...this.byFile.keys()];
    for (const file of this.files) {
      const path = host.sourcePath(file);
      if (path !== null) this.byPath.set(canonical(path), file);
    }
  }

  /** A file as the client is told of it. */
  of(file: string): DebugProtocol.Source {
    const path = this.host.sourcePath(file);
    if (path !== null) return { name: file, path };
    return { name: file, sourceReference: this.files.indexOf(file) + 1 };
  }

  /** The file that the client means, or undefined when it is none of the model's. */
  find(source: DebugProtocol.Source): string | undefined {
    if (source.sourceReference !== undefined && source.sourceReference > 0) {
      return this.files[source.sourceReference - 1];
    }
    if (source.path !== undefined) {
      const known = this.byPath.get(canonical(source.path));
      if (known !== undefined) return known;
    }
    // A client that was given a number may come back with the name alone.
    return this.files.find((file) => file === source.name && source.path === undefined);
  }

  /** The statements of a file, in the order of the source. */
  statements(file: string): readonly StatementInfo[] {
    return this.byFile.get(file) ?? [];
  }
}

/** `source` and `loadedSources`. */
export function sourceRequests(context: Context): Handlers {
  return {
    source: async (args: DebugProtocol.SourceArguments) => {
      const asked = args.source ?? { sourceReference: args.sourceReference };
      const file = context.sources.find(asked);
      if (file === undefined) {
        throw new Failure(FailureId.source, "This is no source of the model.");
      }
      try {
        const content = await context.host.readSource(file);
        return { body: { content, mimeType: "text/typescript" } };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Failure(FailureId.source, `${file} cannot be read: ${reason}`);
      }
    },
    loadedSources: () => ({
      body: { sources: context.sources.files.map((file) => context.sources.of(file)) },
    }),
  };
}
