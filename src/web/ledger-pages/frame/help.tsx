/** What the words and marks of these pages mean, and what keys do: a dialog that the key ? and a button open. */

import type { ComponentChildren } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { Icon } from "../../parts/icon.tsx";
import { Mark, StageMark } from "../../parts/mark.tsx";
import { useKeys } from "./keys.ts";

type Explained = readonly [what: ComponentChildren, meaning: string];

/** As in docs/glossary.md, in the order in which an event comes through them. */
const WORDS: readonly Explained[] = [
  [
    <StageMark key="recorded" stage="recorded" />,
    "It has its number, it is on the disk, and the service has signed the root of all entries up to it.",
  ],
  [
    <StageMark key="anchored" stage="anchored" />,
    "A contract on a chain holds a root that covers it, in a block that the chain might still drop.",
  ],
  [
    <StageMark key="final" stage="final" />,
    "That block stays. From now on nobody, the operator included, can change it unseen.",
  ],
  [
    <Mark key="quarantined" kind="warn">
      quarantined
    </Mark>,
    "It could not be read, or is not what the ledger demands. It is recorded as it came, and proved like any other.",
  ],
];

const KEYS: readonly (readonly [keys: readonly string[], meaning: string])[] = [
  [["/"], "go to the filters of the events; Enter searches, Esc leaves them"],
  [["j"], "open the next older event"],
  [["k"], "open the next newer event"],
  [["Esc"], "close the event, or this"],
  [["←", "→"], "in the chart: the bar before or after; Enter shows its events"],
  [["?"], "this help"],
];

function Facts({ title, facts }: { readonly title: string; readonly facts: readonly Explained[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl class="facts">
        {facts.map(([what, meaning]) => (
          <>
            <dt>{what}</dt>
            <dd>{meaning}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = () => dialog.current?.showModal();
  useKeys(useMemo(() => ({ "?": () => dialog.current?.showModal() }), []));
  const keys = KEYS.map(([names, meaning]): Explained => [names.map((name) => <kbd key={name}>{name}</kbd>), meaning]);
  return (
    <>
      <button type="button" class="button quiet square" title="Help (?)" onClick={open}>
        <Icon name="help" />
        <span class="unseen">Help (?)</span>
      </button>
      <dialog class="card help" ref={dialog} aria-label="Help">
        <div class="row between">
          <h2>Help</h2>
          <button type="button" class="button quiet square" title="Close (Esc)" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
            <span class="unseen">Close</span>
          </button>
        </div>
        <Facts title="How far an event has come" facts={WORDS} />
        <Facts title="Keys" facts={keys} />
      </dialog>
    </>
  );
}
