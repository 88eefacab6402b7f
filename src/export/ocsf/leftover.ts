/** What is left of a JSON value when some of its places have been taken elsewhere. */

const STEP = "\u0000";

/** A place by the names that lead to it, parted by dots. */
export function pathTo(names: string): string {
  return `${STEP}${names.split(".").join(STEP)}`;
}

/**
 * A copy without the texts that stand at some places; objects that had nothing else are left out, and so are lists.
 * What is no text there stays, since only texts were taken.
 */
export function copyWithout(
  event: Readonly<Record<string, unknown>>,
  taken: readonly string[],
): Record<string, unknown> {
  return (copy(event, "", new Set(taken)) ?? {}) as Record<string, unknown>;
}

function copy(value: unknown, path: string, taken: ReadonlySet<string>): unknown {
  if (typeof value === "string") return value !== "" && taken.has(path) ? undefined : value;
  if (typeof value !== "object" || value === null) return value;
  const isMet = [...taken].some((each) => each.startsWith(`${path}${STEP}`));
  if (!isMet) return path === `${STEP}_raw` ? undefined : value;
  const entries = Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
    const kept = copy(each, `${path}${STEP}${name}`, taken);
    return kept === undefined ? [] : [[name, kept]];
  });
  if (entries.length === 0 && Object.keys(value).length > 0) return undefined;
  return Array.isArray(value) ? entries.map(([, each]) => each) : Object.fromEntries(entries);
}
