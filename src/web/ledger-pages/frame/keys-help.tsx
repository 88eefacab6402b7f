/** What keys do on these pages: a dialog that the key ? and a button open. */

import { useMemo, useRef } from "preact/hooks";
import { Icon } from "../../parts/icon.tsx";
import { useKeys } from "./keys.ts";

const HELP: readonly (readonly [keys: readonly string[], meaning: string])[] = [
  [["/"], "go to the filters of the events; Enter searches, Esc leaves them"],
  [["j"], "open the next older event"],
  [["k"], "open the next newer event"],
  [["Esc"], "close the event, or this"],
  [["←", "→"], "in the chart: the bar before or after; Enter shows its events"],
  [["?"], "this help"],
];

export function KeysHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = () => dialog.current?.showModal();
  useKeys(useMemo(() => ({ "?": () => dialog.current?.showModal() }), []));
  return (
    <>
      <button type="button" class="button quiet square" title="Keys (?)" onClick={open}>
        <Icon name="keyboard" />
        <span class="unseen">Keys (?)</span>
      </button>
      <dialog class="card keys-help" ref={dialog} aria-label="Keys">
        <div class="row between">
          <h2>Keys</h2>
          <button type="button" class="button quiet square" title="Close (Esc)" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
            <span class="unseen">Close</span>
          </button>
        </div>
        <dl class="facts">
          {HELP.map(([keys, meaning]) => (
            <>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{meaning}</dd>
            </>
          ))}
        </dl>
      </dialog>
    </>
  );
}
