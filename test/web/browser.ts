/**
 * A real browser for tests: Chromium and the libraries it needs come from npm, fonts too, so that the machine needs
 * nothing of its own and pages look alike everywhere. It is unpacked once, into node_modules/.cache.
 * Why: docs/decisions/0082.
 */

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** As it really is: several checkouts may share one. */
const MODULES = realpathSync(join(import.meta.dirname, "..", "..", "node_modules"));
const PACKAGE = join(MODULES, "@sparticuz", "chromium", "package.json");

/** One process tree, no accounts, no updates, no reports to anybody. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-domain-reliability",
  "--disable-sync",
  "--no-first-run",
  "--no-pings",
  "--font-render-hinting=none",
];

/** The package unpacks into the folder for temporary files, and its libraries only where it believes to be on AWS. */
const UNPACK = `import("@sparticuz/chromium").then(async ({ default: chromium }) => {
  chromium.setGraphicsMode = false;
  await chromium.executablePath();
})`;

function fontConfig(folder: string): string {
  const prefer = (family: string, font: string) =>
    `<match target="pattern"><test name="family"><string>${family}</string></test>` +
    `<edit name="family" mode="prepend" binding="strong"><string>${font}</string></edit></match>`;
  return `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<dir>${folder}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>${folder}/fonts-cache</cachedir>
${prefer("system-ui", "Open Sans")}${prefer("sans-serif", "Open Sans")}${prefer("monospace", "DejaVu Sans Mono")}
</fontconfig>`;
}

/** Folder with the browser; several test files may ask at the same time, and the first one to be ready wins. */
function unpackBrowser(): string {
  const { version } = JSON.parse(readFileSync(PACKAGE, "utf8")) as { version: string };
  const cache = join(MODULES, ".cache");
  const folder = join(cache, `holdfast-chromium-${version}`);
  if (existsSync(folder)) {
    nameFonts(folder);
    return folder;
  }
  mkdirSync(cache, { recursive: true });
  const staging = mkdtempSync(`${folder}.`);
  execFileSync(process.execPath, ["--input-type=module", "-e", UNPACK], {
    cwd: join(MODULES, ".."),
    env: { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" },
  });
  try {
    renameSync(staging, folder);
  } catch (error) {
    rmSync(staging, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  nameFonts(folder);
  return folder;
}

/** Writes where the fonts are, unless it stands there already; a folder that was moved has them elsewhere. */
function nameFonts(folder: string): void {
  const file = join(folder, "fonts.conf");
  const config = fontConfig(folder);
  if (existsSync(file) && readFileSync(file, "utf8") === config) return;
  writeFileSync(`${file}.${process.pid}`, config);
  renameSync(`${file}.${process.pid}`, file);
}

/** Starts a browser with a profile of its own. */
export async function launchBrowser(): Promise<Browser> {
  const folder = unpackBrowser();
  return chromium.launch({
    executablePath: join(folder, "chromium"),
    args: ARGS,
    env: {
      ...(process.env as Record<string, string>),
      FONTCONFIG_FILE: join(folder, "fonts.conf"),
      LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
    },
  });
}

/** Pages as a reader sees them: which window, which colours. */
export type Look = { readonly width: number; readonly height?: number; readonly scheme: "light" | "dark" };

/** A context in which everything that leaves the allowed origins is refused and remembered. */
export async function openContext(
  browser: Browser,
  look: Look,
  allowed: readonly string[] = [],
): Promise<{ readonly context: BrowserContext; readonly refused: string[] }> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.height ?? 800 },
    colorScheme: look.scheme,
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
  });
  const refused: string[] = [];
  await context.route("**/*", (route) => {
    const url = route.request().url();
    if (allowed.some((origin) => url.startsWith(origin))) return route.continue();
    refused.push(url);
    return route.abort();
  });
  return { context, refused };
}

/** What a page complained about: errors, and what its policy refused. */
export function listenForComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return complaints;
}
