/**
 * Builds the pages into build/web: the ledger's own (index.html, ledger.js, ledger.css, favicon.svg), the API's (api.html, api.js, api.css), the style of the
 * documentation (docs.css) and verify.html, one file with everything in it. The same sources give the same bytes, so that anybody can rebuild verify.html and
 * compare it with the one a service hands out. `--out folder` builds elsewhere.
 * Why: docs/decisions/0080.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type BuildOptions, build, transform } from "esbuild";
import artifact from "../src/chain/contract/artifact.json" with { type: "json" };
import { fromHex, toHex } from "../src/merkle/bytes.ts";
import { keccak256 } from "../src/merkle/hash.ts";
import { paletteCss } from "../src/web/palette.ts";

const ROOT = join(import.meta.dirname, "..");
const WEB = join(ROOT, "src", "web");
/** A page to keep and to mail: what it may weigh. */
const VERIFY_BYTES_MAX = 182_000;

/** keccak256 of the contract's code as a chain has it; a page accepts no other. */
const CODE_HASHES = [toHex(keccak256(fromHex(artifact.deployedBytecode)))];

/** Where the public factory puts that code; elsewhere it may have begun with roots of somebody's own. */
const CONTRACTS = [artifact.create2.address];

const OPTIONS: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  write: false,
  charset: "utf8",
  legalComments: "inline",
  target: "es2022",
  format: "iife",
  jsx: "automatic",
  jsxImportSource: "preact",
  tsconfigRaw: "{}",
  define: { CODE_HASHES: JSON.stringify(CODE_HASHES), CONTRACTS: JSON.stringify(CONTRACTS) },
  logLevel: "warning",
};

async function bundleOf(entry: string): Promise<string> {
  const { outputFiles } = await build({ ...OPTIONS, entryPoints: [join(WEB, entry)] });
  return (outputFiles?.[0]?.text ?? "").trim();
}

function cspHash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** Puts each text where the template says `<!-- name -->`. */
function fill(template: string, texts: Readonly<Record<string, string>>): string {
  return template.replace(/<!-- ([a-z]+) -->/g, (mark, name: string) => texts[name] ?? mark);
}

/** The page that needs nothing but itself. Only a reader's own RPC address makes it talk to anybody. */
function verifyPage(script: string, style: string, icon: string): string {
  // Inside <script>, the text "</script" would end it; in a string or a comment "<\/script" means the same.
  const safeScript = script.replaceAll("</script", "<\\/script");
  const policy = [
    "default-src 'none'",
    `script-src ${cspHash(safeScript)}`,
    `style-src ${cspHash(style)}`,
    "img-src data:",
    "connect-src http: https:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  const page = fill(readFileSync(join(WEB, "verify.html"), "utf8"), {
    policy: `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    icon: `<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">`,
    style: `<style>${style}</style>`,
    script: `<script>${safeScript}</script>`,
  });
  const bytes = Buffer.byteLength(page);
  if (bytes > VERIFY_BYTES_MAX) {
    throw new Error(`expected verify.html of at most ${VERIFY_BYTES_MAX} bytes, got ${bytes}`);
  }
  return page;
}

/** Builds every file, by name. */
async function buildPages(): Promise<Readonly<Record<string, string>>> {
  const [ledgerScript, ledgerStyle, apiScript, apiStyle, docsStyle, verifyScript, verifyStyle] = await Promise.all([
    bundleOf("ledger-main.tsx"),
    bundleOf("styles/pages/ledger.css"),
    bundleOf("api-main.tsx"),
    bundleOf("styles/pages/api.css"),
    bundleOf("styles/pages/docs.css"),
    bundleOf("verify-main.tsx"),
    bundleOf("styles/pages/verify.css"),
  ]);
  const { code: palette } = await transform(paletteCss(), { loader: "css", minify: true });
  const icon = readFileSync(join(WEB, "favicon.svg"), "utf8").trim();
  return {
    "index.html": readFileSync(join(WEB, "ledger.html"), "utf8"),
    "ledger.js": `${ledgerScript}\n`,
    "ledger.css": `${palette}${ledgerStyle}\n`,
    "api.html": readFileSync(join(WEB, "api.html"), "utf8"),
    "api.js": `${apiScript}\n`,
    "api.css": `${palette}${apiStyle}\n`,
    "docs.css": `${palette}${docsStyle}\n`,
    "favicon.svg": `${icon}\n`,
    "verify.html": verifyPage(verifyScript, palette.trim() + verifyStyle, icon),
  };
}

/** A service that reads the file meanwhile finds the old one or the new one, whole. */
function replace(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}

const { values } = parseArgs({ options: { out: { type: "string", default: join(ROOT, "build", "web") } } });
const pages = await buildPages();
mkdirSync(values.out, { recursive: true });
for (const [name, text] of Object.entries(pages)) {
  const path = join(values.out, name);
  // Compressed here, once, and not for every reader.
  replace(`${path}.gz`, gzipSync(text, { level: 9 }));
  replace(`${path}.br`, brotliCompressSync(text));
  replace(path, text);
}
