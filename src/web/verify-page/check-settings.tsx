/** What the reader goes by: a node of the reader's own choosing, a block hash the reader trusts, the ledger expected. */

import { explorerInAddress } from "../verdict/proof-address.ts";
import { type Settings, settingProblems, type TextSetting } from "./settings.ts";

type Props = { readonly settings: Settings; readonly onSettings: (settings: Settings) => void };

type FieldProps = Props & {
  readonly name: TextSetting;
  readonly label: string;
  readonly hint: string;
  readonly placeholder: string;
};

function Field({ name, label, hint, placeholder, settings, onSettings }: FieldProps) {
  const problem = settingProblems(settings)[name];
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        id={name}
        class={name === "node" ? "input" : "input mono"}
        type="text"
        inputMode={name === "node" ? "url" : "text"}
        autocomplete="off"
        spellcheck={false}
        placeholder={placeholder}
        value={settings[name]}
        aria-invalid={problem !== undefined}
        aria-describedby={`${name}-hint`}
        onInput={(event) => onSettings({ ...settings, [name]: event.currentTarget.value.trim() })}
      />
      <span id={`${name}-hint`} class={problem === undefined ? "hint" : "hint bad"}>
        {problem ?? hint}
      </span>
    </div>
  );
}

function DevelopmentField({ settings, onSettings }: Props) {
  return (
    <div class="field">
      <label class="check">
        <input
          id="development"
          type="checkbox"
          checked={settings.development}
          onChange={(event) => onSettings({ ...settings, development: event.currentTarget.checked })}
        />
        A development chain is enough
      </label>
      <span class="hint">For trying things out: such a chain runs on one machine, and proves nothing to others.</span>
    </div>
  );
}

/** What the words of the fields mean, for somebody who never looked at a chain. */
function Explained() {
  return (
    <details class="explained">
      <summary>What is a node, an RPC address, a block hash?</summary>
      <dl class="facts">
        <dt>Node</dt>
        <dd>
          A computer that keeps a copy of a chain and answers questions about it. What this page asks it: does the
          ledger’s contract hold the root of this proof? Ask your own, or one of somebody whom you trust for that; one
          that lies can make a page say wrong things.
        </dd>
        <dt>RPC address</dt>
        <dd>
          The web address at which programs ask a node, as <code>https://rpc.example.org</code>. Operators of nodes and
          providers publish theirs; lists by chain are easy to find. RPC stands for remote procedure call.
        </dd>
        <dt>Block hash</dt>
        <dd>
          The name of one block of a chain: <code>0x</code> and 64 digits, made from all that is in it. Load the proof,
          look up the number of the block that stands under “Anchor” in an explorer, a public web page about that chain,
          and copy the hash from there, not from the proof. Then no node is needed.
        </dd>
      </dl>
    </details>
  );
}

export function CheckSettings(props: Props) {
  return (
    <div class="stack tight">
      <Fields {...props} />
      <Explained />
    </div>
  );
}

function Fields(props: Props) {
  const { explorer } = props.settings;
  return (
    <div class="settings">
      <Field
        {...props}
        name="node"
        label="Node to ask (RPC address)"
        placeholder="https://…"
        hint="Any node of the anchor’s chain that you trust, your own at best. Only it will be asked."
      />
      <Field
        {...props}
        name="block"
        label="or a block hash you trust"
        placeholder="0x…"
        hint="From any explorer. With it a final proof needs no network at all."
      />
      <Field
        {...props}
        name="ledger"
        label="Ledger you expect (optional)"
        placeholder="0x…"
        hint="Its id or its owner’s address, from what the owner publishes."
      />
      <Field
        {...props}
        name="signer"
        label="Signer you expect (optional)"
        placeholder="0x…"
        hint="Without a chain only you can know who signs: its address, as the ledger’s owner publishes it."
      />
      <Field
        {...props}
        name="contract"
        label="Contract you expect (optional)"
        placeholder="0x…"
        hint="Only if the owner names one elsewhere than at the public address."
      />
      <Field
        {...props}
        name="explorer"
        label="Explorer to link to (optional)"
        placeholder="8453=https://…"
        hint={
          explorer !== "" && explorer === explorerInAddress()
            ? "Named by the link that led here. Nothing is asked there; take another one if you do not trust who gave you the link."
            : "A chain’s id and the explorer that you use for it. Only linked to: nothing is asked there."
        }
      />
      <DevelopmentField {...props} />
    </div>
  );
}
