/** An empty project into which somebody installs the packed package with npm, from the registry, on one version of Node. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentOn } from "./nodes.ts";
import { runTool } from "./packed.ts";

export class InstalledProject {
  readonly folder: string;
  /** What runs the commands, without npx between. */
  readonly program: readonly string[];
  readonly #node: string;

  constructor(folder: string, node: string, tarball: string) {
    this.folder = folder;
    this.#node = node;
    this.program = [node, join(folder, "node_modules", "holdfast", "scripts", "holdfast.mjs")];
    mkdirSync(folder, { recursive: true });
    this.write("package.json", '{"name":"project","private":true,"type":"module"}\n');
    this.#run("npm", ["install", tarball, "--no-fund", "--no-audit"]);
  }

  /** Adds packages that programs of this project need beside ours. */
  add(...packages: readonly string[]): void {
    this.#run("npm", ["install", ...packages, "--no-fund", "--no-audit"]);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /** `npx holdfast …`; what it prints. */
  npx(...args: readonly string[]): string {
    return this.#run("npx", ["--no", "--", "holdfast", ...args]);
  }

  /** Runs a program of the project with Node; what it prints. */
  node(file: string, ...args: readonly string[]): string {
    return this.#run(this.#node, [file, ...args]);
  }

  #run(command: string, args: readonly string[]): string {
    return runTool(command, args, this.folder, environmentOn(this.#node));
  }
}
