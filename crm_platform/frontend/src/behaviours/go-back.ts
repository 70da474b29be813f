/** go-back: a button that does what the browser's back button does. */
import { registerBehaviour } from "../lib/behaviour";

registerBehaviour("go-back", (element) => {
  element.addEventListener("click", () => window.history.back());
});
