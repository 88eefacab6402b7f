/** Whether the top of something has left the window, because the reader is further down in it. */

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

export function useScrolledAway(ref: RefObject<HTMLElement | null>): boolean {
  const [isAway, setAway] = useState(false);
  useEffect(() => {
    const look = () => setAway((ref.current?.getBoundingClientRect().top ?? 0) < -1);
    look();
    window.addEventListener("scroll", look, { passive: true });
    window.addEventListener("resize", look);
    return () => {
      window.removeEventListener("scroll", look);
      window.removeEventListener("resize", look);
    };
  }, [ref]);
  return isAway;
}
