/**
 * Events of a tail as a list takes them: a few times a second, and not while it is read further down; then they wait, the newest
 * of them are kept, and how many there are is told.
 */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { EventAnswer } from "../answers.ts";
import { useSession } from "../session.tsx";
import { Tail, type TailPhase } from "./tail.ts";
import { whileShown } from "./while-shown.ts";

export type Following = {
  readonly phase: TailPhase;
  /** Why it is lost, or has ended. */
  readonly why: Error | undefined;
  /** Events that came and are not shown yet. */
  readonly waiting: number;
  /** Entries that may match and cannot be read. */
  readonly unreadable: number;
};

type Options = {
  /** Of the tail, with its filter; undefined follows nothing. */
  readonly path: string | undefined;
  /** Index of the first entry that is wanted, once that is known; a later change of it changes nothing. */
  readonly from: number | undefined;
  readonly isPaused: boolean;
  /** Gets what came, newest first, at most `most` of it. */
  readonly onEvents: (events: readonly EventAnswer[]) => void;
  readonly most: number;
};

/** How long events are gathered before they are shown. */
const GATHER_MS = 200;
const IDLE: Following = { phase: "connecting", why: undefined, waiting: 0, unreadable: 0 };

export function useFollowing({ path, from, isPaused, onEvents, most }: Options): Following {
  const { client, signOut } = useSession();
  const [state, setState] = useState<Following>(IDLE);
  const kept = useRef<{ events: EventAnswer[]; count: number }>({ events: [], count: 0 });
  const isHeld = useRef(isPaused);
  isHeld.current = isPaused;
  const first = useRef(from);
  first.current = from;
  const release = useCallback(() => {
    const { events, count } = kept.current;
    if (isHeld.current) {
      setState((before) => ({ ...before, waiting: count }));
      return;
    }
    kept.current = { events: [], count: 0 };
    setState((before) => (before.waiting === 0 ? before : { ...before, waiting: 0 }));
    if (count > 0) onEvents(events.slice(-most).reverse());
  }, [onEvents, most]);
  const isKnown = from !== undefined;
  useEffect(() => {
    if (path === undefined || !isKnown) return;
    kept.current = { events: [], count: 0 };
    setState(IDLE);
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const gather = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        release();
      }, GATHER_MS);
    };
    const open = whileShown((lastId, signal) =>
      client.stream(path, { Accept: "text/event-stream", "Last-Event-ID": String(lastId) }, signal),
    );
    const tail = new Tail(open, first.current ?? 0, {
      onEvent: (event) => {
        const { events } = kept.current;
        events.push(event);
        kept.current.count++;
        if (events.length >= 2 * most) events.splice(0, events.length - most);
        gather();
      },
      onUnreadable: () => setState((before) => ({ ...before, unreadable: before.unreadable + 1 })),
      onPhase: (phase, why) => {
        if (stop.signal.aborted) return;
        setState((before) => ({ ...before, phase, why }));
        if (why !== undefined && "code" in why && why.code === "key_invalid") signOut(why.message);
      },
    });
    void tail.run(stop.signal);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [client, path, isKnown, release, most, signOut]);
  useEffect(() => {
    if (!isPaused) release();
  }, [isPaused, release]);
  return state;
}
