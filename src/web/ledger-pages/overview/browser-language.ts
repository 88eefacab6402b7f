/**
 * A browser may name its language by what is no tag of BCP 47: Chromium in a container without locales says "en-US@posix". Whoever
 * asks Intl for that gets a RangeError, and uPlot asks as it is loaded: no page would be shown at all. Such a browser is taken
 * to speak English, as these pages do. To be imported ahead of it.
 */

try {
  Intl.getCanonicalLocales(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en", configurable: true });
}
