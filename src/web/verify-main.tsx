/** Starts verify.html. */

import { render } from "preact";
import { restoreTheme } from "./parts/theme.tsx";
import { VerifyPage } from "./verify-page/page.tsx";

restoreTheme();
const place = document.getElementById("app");
if (place === null) throw new Error("expected an element with the id app, got none");
render(<VerifyPage />, place);
