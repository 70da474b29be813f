/** expression-editor: helps to write a formula or condition in a text area; its code comes with the first one. */
import { registerBehaviour } from "../lib/behaviour";

registerBehaviour("expression-editor", (element) => {
  let stop: (() => void) | undefined;
  let gone = false;
  void import("../lib/expression-editor").then(({ startExpressionEditor }) => {
    if (!gone) stop = startExpressionEditor(element as HTMLTextAreaElement);
  });
  return () => {
    gone = true;
    stop?.();
  };
});
