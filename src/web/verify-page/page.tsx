/** The page that verifies: a proof comes in, the verdict comes out, and changes with every keystroke. */

import { useEffect, useErrorBoundary, useMemo, useState } from "preact/hooks";
import { readExplorers } from "../../verify/evm/explorers.ts";
import { Logo } from "../parts/logo.tsx";
import { MarkShape } from "../parts/mark.tsx";
import { ThemeButton } from "../parts/theme.tsx";
import { Banner } from "../verdict/banner.tsx";
import { OwnExplorersContext } from "../verdict/own-explorers.ts";
import { encodedInAddress, explorerInAddress } from "../verdict/proof-address.ts";
import { BundleReport } from "./bundle-report.tsx";
import { CheckSettings } from "./check-settings.tsx";
import { judge, type PageJudgement } from "./judge.ts";
import { type Proof, proofOf } from "./proof.ts";
import { ProofInput } from "./proof-input.tsx";
import { NO_WORDS, ReportFields, ReportHead } from "./report-head.tsx";
import { SetBanner, SetReport } from "./set-report.tsx";
import { type Settings, settingProblems } from "./settings.ts";

type Progress = { readonly done: number; readonly all: number };
type Work = { readonly judgement: PageJudgement | undefined; readonly progress: Progress | undefined };

/** After a keystroke, the time in which the next one may come. */
const PAUSE_MS = 200;
const NOTHING: Work = { judgement: undefined, progress: undefined };
const NO_SETTINGS: Settings = {
  node: "",
  block: "",
  ledger: "",
  signer: "",
  contract: "",
  explorer: "",
  development: false,
};

/** Nothing is judged by half of what the reader wants to go by. */
function isUnusable(settings: Settings): boolean {
  return Object.keys(settingProblems(settings)).length > 0;
}

function useJudgement(proof: Proof | undefined, settings: Settings): Work {
  const [work, setWork] = useState(NOTHING);
  useEffect(() => {
    // The verdict on one proof shall not stand beside another, however long that one takes.
    setWork(NOTHING);
    if (proof === undefined || isUnusable(settings)) return;
    const stop = new AbortController();
    const onProgress = (done: number, all: number) => {
      if (!stop.signal.aborted) setWork((before) => ({ ...before, progress: { done, all } }));
    };
    const timer = setTimeout(() => {
      judge(proof, settings, stop.signal, onProgress).then(
        (judgement) => {
          if (!stop.signal.aborted) setWork({ judgement, progress: undefined });
        },
        (error: unknown) => {
          // Stopped because the reader typed on; anything else is a defect and belongs in the console.
          if (!stop.signal.aborted) throw error;
        },
      );
    }, PAUSE_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [proof, settings]);
  return work;
}

function proofInAddress(): Proof | undefined {
  const encoded = encodedInAddress();
  if (encoded === "") return undefined;
  return proofOf("proof in the address", () => {
    const binary = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  });
}

/** Instead of an outcome, where there is none. */
function NoOutcome({ title }: { readonly title: string }) {
  return (
    <section class="verdict wait" role="status">
      <MarkShape kind="wait" />
      <h2>{title}</h2>
    </section>
  );
}

/** The outcome, or how far a long set has come. */
function Outcome({ work }: { readonly work: Work }) {
  const { judgement, progress } = work;
  if (progress !== undefined) {
    return (
      <p class="row">
        <progress value={progress.done} max={progress.all} aria-label="Lines verified" />
        <span class="muted">
          {progress.done} of {progress.all} lines
        </span>
      </p>
    );
  }
  if (judgement === undefined) return <NoOutcome title="Checking…" />;
  if (judgement.kind === "set") return <SetBanner verdict={judgement.verdict} />;
  return <Banner verdict={judgement.verdict} />;
}

function Report({ judgement }: { readonly judgement: PageJudgement | undefined }) {
  if (judgement === undefined) return null;
  if (judgement.kind === "set") return <SetReport rows={judgement.rows} />;
  return <BundleReport verdict={judgement.verdict} bundle={judgement.bundle} />;
}

export function VerifyPage() {
  const [error] = useErrorBoundary();
  const [proof, setProof] = useState<Proof | undefined>(proofInAddress);
  const [settings, setSettings] = useState<Settings>(() => ({ ...NO_SETTINGS, explorer: explorerInAddress() }));
  const explorers = useMemo(() => readExplorers(settings.explorer) ?? {}, [settings.explorer]);
  const [words, setWords] = useState(NO_WORDS);
  const work = useJudgement(proof, settings);
  // What was shown before would stay, beside whatever comes next.
  if (error !== undefined) return <NoOutcome title={`This page failed, load it again: ${error}`} />;
  const isUsable = !isUnusable(settings);
  return (
    <div class="page">
      <header class="bar">
        <Logo />
        <span class="bar-title">Verify a proof</span>
        <span class="bar-end">
          <ThemeButton />
        </span>
      </header>
      <main class="stack">
        <div class="lead">
          <h1>Is this record what it was?</h1>
          <p class="muted">
            This page checks a Holdfast proof on your own computer: hash by hash, from the event to the signature and to
            the root that a public chain holds. It loads nothing, and asks nobody but the node that you name.
          </p>
        </div>
        <ProofInput proof={proof} onProof={setProof} />
        {proof !== undefined && work.judgement !== undefined ? (
          <ReportHead proof={proof} settings={settings} words={words} />
        ) : null}
        {proof !== undefined && isUsable ? <Outcome work={work} /> : null}
        {proof !== undefined && !isUsable ? (
          <p class="note wait" role="status">
            Nothing is judged until what is marked below can be used, or is empty.
          </p>
        ) : null}
        <section class="card screen-only" aria-label="What to check it against">
          <CheckSettings settings={settings} onSettings={setSettings} />
        </section>
        {work.judgement === undefined ? null : <ReportFields words={words} onWords={setWords} />}
        <OwnExplorersContext.Provider value={explorers}>
          {work.progress === undefined ? <Report judgement={work.judgement} /> : null}
        </OwnExplorersContext.Provider>
      </main>
    </div>
  );
}
