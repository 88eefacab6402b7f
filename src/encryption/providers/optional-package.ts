/** Packages that a few need and nobody has to install: the clients of providers. Each is imported when it is wanted. */

import { KekUnavailableError } from "../key-encryption-key.ts";

/**
 * @param wanted what it is for, as in "… needs the package"
 * @throws KekUnavailableError that says how to install it
 */
export async function loadOptional<Package>(name: string, wanted: string): Promise<Package> {
  try {
    const found = (await import(name)) as { readonly default?: Package } & Package;
    // One of CommonJS has everything under its default.
    return found.default ?? found;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isMissing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
    const got = isMissing ? "which is not installed" : `which cannot be loaded (${code ?? (error as Error).name})`;
    throw new KekUnavailableError(
      `${wanted} needs the package ${name}, ${got}; npm install ${name} beside holdfast, then start again`,
      { cause: error },
    );
  }
}
