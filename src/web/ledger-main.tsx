/** Starts the ledger's pages. */

import { render } from "preact";
import { App } from "./ledger-pages/frame/app.tsx";
import { restoreTheme } from "./parts/theme.tsx";

restoreTheme();
const place = document.getElementById("app");
if (place === null) throw new Error("expected an element with the id app, got none");
// What stood there until the program came.
place.replaceChildren();
render(<App />, place);
