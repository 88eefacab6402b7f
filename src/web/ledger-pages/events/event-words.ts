/** Members of an event as short texts; an event may hold anything, so nothing is taken for granted. */

type Members = Readonly<Record<string, unknown>>;

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Members)[name] : undefined;
}

/** "user u1", or what there is of it. */
export function partyText(value: unknown): string {
  const id = textOf(value) ?? textOf(member(value, "id"));
  const type = textOf(member(value, "type"));
  return [type, id].filter((part) => part !== undefined).join(" ");
}

/** The name a party goes by, when it says one. */
export function partyName(value: unknown): string | undefined {
  return textOf(member(value, "name"));
}

export function actionText(event: Members): string {
  return textOf(event.action) ?? "(no action shown)";
}

export function outcomeText(event: Members): string | undefined {
  return textOf(event.outcome);
}

/** The targets in one line. */
export function targetsText(event: Members): string {
  if (!Array.isArray(event.targets)) return "";
  const [first, ...rest] = event.targets.map(partyText);
  return rest.length === 0 ? (first ?? "") : `${first} + ${rest.length}`;
}

/** What the service says of how the event came: source, key and format. */
export function originOf(event: Members): {
  readonly source?: string;
  readonly key?: string;
  readonly format?: string;
} {
  const part = (name: string) => {
    const text = textOf(member(event._source, name));
    return text === undefined ? {} : { [name]: text };
  };
  return { ...part("source"), ...part("key"), ...part("format") };
}

/** How far an entry has come, given how far its ledger has. */
export function stageOf(
  index: number,
  ledger: { readonly anchoredSize: number; readonly finalSize: number },
): "recorded" | "anchored" | "final" {
  if (index < ledger.finalSize) return "final";
  return index < ledger.anchoredSize ? "anchored" : "recorded";
}
