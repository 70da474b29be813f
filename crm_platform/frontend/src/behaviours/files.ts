/** files: a box of a form that uploads what is dropped, chosen, drawn or recorded; its code comes with the first box. */
import { registerBehaviour } from "../lib/behaviour";

registerBehaviour("files", (element) => {
  let stop: (() => void) | undefined;
  let gone = false;
  void import("../lib/file-box").then(({ startFileBox }) => {
    if (!gone) stop = startFileBox(element);
  });
  return () => {
    gone = true;
    stop?.();
  };
});
