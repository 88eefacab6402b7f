/**
 * A sender: something that people have already and that can send here unchanged, with what to paste into it. Pure data: the
 * pages, the command line and docs/sources show the same texts, filled in.
 * Why: docs/decisions/0155.
 */

/** Where a sender's key stands in what it sends; one that signs shows none, and has the secret of a key. */
type KeyShown = "bearer" | "splunk" | "path" | "signature" | "network";

/** One thing to paste; `text` has the names of {@link Filling} in double braces. */
export type Snippet = {
  /** Where it goes. */
  readonly where: string;
  /** Of the code block in docs/sources. */
  readonly language: string;
  readonly text: string;
};

/** One sender. */
export type Sender = {
  /** As it is typed and stands in addresses. */
  readonly id: string;
  readonly title: string;
  readonly group: (typeof GROUPS)[number];
  /** What its events come as, see `_source.format`. */
  readonly format: string;
  readonly key: KeyShown;
  /** What it is pointed at, as a snippet has it: a path, or the kind of a listener. */
  readonly path: string;
  readonly snippets: readonly Snippet[];
  /** Name of its page in docs/sources, without `.md`. */
  readonly page: string;
  /** What one should know before pasting. */
  readonly notes: readonly string[];
};

/** What stands in the place of the names. */
export type Filling = {
  /** Of the service, without a slash at its end. */
  readonly url: string;
  readonly key: string;
  readonly ledger: string;
  /** Name of the source. */
  readonly source: string;
  /** With which a sender signs. */
  readonly secret: string;
  /** Of the service, for senders that take no URL. */
  readonly host: string;
  /** Of the service's own URL. */
  readonly port: string;
  /** Whether that is https, as senders spell it that take no URL. */
  readonly tlsTrue: string;
  readonly tlsOn: string;
  readonly tlsPython: string;
};

export const GROUPS = ["Programs", "Containers and clusters", "Forwarders", "Platforms", "Hosts"] as const;

/** Fills a text in; what has no name here stays as it is, since templates of senders have braces, too. */
export function fillIn(text: string, filling: Filling): string {
  return text.replace(/\{\{(\w+)\}\}/g, (mark, name: string) =>
    Object.hasOwn(filling, name) ? filling[name as keyof Filling] : mark,
  );
}

/** What is known of a source: its key, or the secret with which it signs, where it has one. */
export type SourceFilling = Pick<Filling, "key" | "ledger" | "source"> & { readonly secret?: string | undefined };

/**
 * A filling for the service at a URL.
 * @param url with scheme and host; a path is of a proxy that takes it away
 * @throws TypeError when it is none
 */
export function fillingOf(url: string, { key, ledger, source, secret = "" }: SourceFilling): Filling {
  const [, protocol, host, port] = /^(https?):\/\/(\[[^\]]*\]|[^:/]+)(?::(\d+))?/.exec(url) ?? [];
  if (host === undefined) throw new TypeError(`expected an http or https URL, got ${JSON.stringify(url)}`);
  const isTls = protocol === "https";
  return {
    url: url.replace(/\/+$/, ""),
    key,
    ledger: encodeURIComponent(ledger),
    source: encodeURIComponent(source),
    secret,
    host,
    port: port ?? (isTls ? "443" : "80"),
    tlsTrue: isTls ? "true" : "false",
    tlsOn: isTls ? "on" : "off",
    tlsPython: isTls ? "True" : "False",
  };
}

/** Lines of a text. */
export function lines(...each: readonly string[]): string {
  return each.join("\n");
}
