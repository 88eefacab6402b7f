/** Starts the page of the API. */

import { render } from "preact";
import { ApiPage } from "./api-page/page.tsx";
import { restoreTheme } from "./parts/theme.tsx";

restoreTheme();
const place = document.getElementById("app");
if (place === null) throw new Error("expected an element with the id app, got none");
place.replaceChildren();
render(<ApiPage />, place);
