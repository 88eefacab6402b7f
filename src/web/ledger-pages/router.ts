/** Goes to places, and tells a component where the reader is. */

import { useEffect, useState } from "preact/hooks";
import { parseRoute, type Route, routeHash } from "./route.ts";

export function goTo(route: Partial<Route> & Pick<Route, "ledger" | "page">): void {
  location.hash = routeHash(route);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const change = () => setRoute(parseRoute(location.hash));
    window.addEventListener("hashchange", change);
    return () => window.removeEventListener("hashchange", change);
  }, []);
  return route;
}
