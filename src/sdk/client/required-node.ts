/**
 * Which Nodes run the doors: an older one lacks what they use, and would fail later and without saying why. It comes first in
 * each door; a page has no Node, and is asked nothing.
 */

const MIN = [20, 19] as const;

const { process } = globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } };
const version = process?.versions?.node;
const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
if (version !== undefined && (major < MIN[0] || (major === MIN[0] && minor < MIN[1]))) {
  throw new Error(`holdfast: expected Node 20.19, 22.12, 24 or later, got ${version}`);
}
