/**
 * The part of the list around one event, for links to old ones: what is older and what is newer than it is loaded page
 * by page, both cut by index.
 */

import { useEffect, useState } from "preact/hooks";
import type { EventsAnswer } from "../answers.ts";
import { hasOlder, type Loaded, mergeOlder } from "./join-pages.ts";

const NEWER = 25;

/** Asks for a page. @param more parameters besides the filter */
export type AskPage = (more: Readonly<Record<string, string>>) => Promise<EventsAnswer>;

export type EventWindow = Loaded & {
  /** Index around which it lies. */
  readonly center: number;
  /** Cursor of what is newer, null when nothing is. */
  readonly newer: string | null;
};

function olderThan(ask: AskPage, center: number, after?: string | null): Promise<EventsAnswer> {
  return ask({ order: "desc", to: String(center + 1), ...(after == null ? {} : { after }) });
}

function newerThan(ask: AskPage, center: number, after?: string | null): Promise<EventsAnswer> {
  const limit = String(NEWER);
  return ask({ order: "asc", from: String(center + 1), limit, ...(after == null ? {} : { after }) });
}

async function open(ask: AskPage, center: number): Promise<EventWindow> {
  const [older, newer] = await Promise.all([olderThan(ask, center), newerThan(ask, center)]);
  const events = [...newer.events.toReversed(), ...older.events];
  const lookedAt = { from: older.lookedAt.from, to: newer.lookedAt.to };
  return { events, next: older.next, lookedAt, center, newer: newer.next };
}

export async function addOlder(ask: AskPage, window: EventWindow): Promise<EventWindow> {
  const page = await olderThan(ask, window.center, window.next);
  return { ...window, ...mergeOlder(window, page) };
}

export async function addNewer(ask: AskPage, window: EventWindow): Promise<EventWindow> {
  const page = await newerThan(ask, window.center, window.newer);
  const top = window.events[0]?.index ?? window.center;
  const above = page.events.filter(({ index }) => index > top).toReversed();
  return { ...window, events: [...above, ...window.events], newer: page.next };
}

/** Whether an event lies outside of what a list has loaded, where the list could go on. */
export function isBeyond(list: Loaded & { readonly newer?: string | null }, index: number): boolean {
  const top = list.events[0]?.index;
  const bottom = list.events.at(-1)?.index;
  if (top === undefined || bottom === undefined) return hasOlder(list);
  return (index < bottom && hasOlder(list)) || (index > top && typeof list.newer === "string");
}

/** The window around `center`; undefined while there is no center, and until it has come. */
export function useEventWindow(ask: AskPage, center: number | undefined) {
  const [window, setWindow] = useState<EventWindow | undefined>(undefined);
  const [error, setError] = useState<Error | undefined>(undefined);
  useEffect(() => {
    setWindow(undefined);
    setError(undefined);
    if (center === undefined) return;
    let current = true;
    open(ask, center).then(
      (next) => {
        if (current) setWindow(next);
      },
      (cause: Error) => {
        if (current) setError(cause);
      },
    );
    return () => {
      current = false;
    };
  }, [ask, center]);
  return { window: window?.center === center ? window : undefined, error, setWindow };
}
