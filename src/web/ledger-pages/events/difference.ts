/** What changed between two JSON values, value by value: which were added, removed or became others. */

export type Change = {
  /** Names on the way, as in roles[1].name; empty for the whole value. */
  readonly path: string;
  readonly kind: "added" | "removed" | "changed" | "same";
  readonly old?: unknown;
  readonly new?: unknown;
};

function isHolder(value: unknown): value is Record<string, unknown> | readonly unknown[] {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function step(path: string, name: string, isList: boolean): string {
  if (isList) return `${path}[${name}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** Every value inside of both, in the order of the new one, then what only the old one had. */
export function differences(before: unknown, after: unknown, path = ""): Change[] {
  if (isHolder(before) && isHolder(after) && Array.isArray(before) === Array.isArray(after)) {
    const isList = Array.isArray(after);
    const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
    return names.flatMap((name) => {
      const held = (value: object) =>
        Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      return differences(held(before), held(after), step(path, name, isList));
    });
  }
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ path, kind: "added", new: after }];
  if (after === undefined) return [{ path, kind: "removed", old: before }];
  const kind = JSON.stringify(before) === JSON.stringify(after) ? "same" : "changed";
  return [{ path, kind, old: before, new: after }];
}

/** What an event says that it changed; nothing when its member `changes` is anything else than an old and a new value. */
export function changesIn(event: Readonly<Record<string, unknown>>): readonly Change[] {
  const { changes } = event;
  if (typeof changes !== "object" || changes === null) return [];
  if (Object.keys(changes).some((name) => name !== "old" && name !== "new")) return [];
  const { old: before, new: after } = changes as { readonly old?: unknown; readonly new?: unknown };
  return differences(before, after);
}
