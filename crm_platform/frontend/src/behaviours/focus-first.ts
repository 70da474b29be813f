/** focus-first: puts the cursor into the first field with an error, else into the first empty one. */
import { registerBehaviour } from "../lib/behaviour";
import { all, one } from "../lib/dom";

const FIELDS = "input:not([type=hidden]):not([type=checkbox]):not([type=radio]):not([disabled]), select, textarea";

registerBehaviour("focus-first", (element) => {
  if (window.matchMedia("(max-width: 767.98px)").matches) return; // a keyboard that jumps up is in the way
  const field = one(element, "[aria-invalid=true]") ?? all<HTMLInputElement>(element, FIELDS).find((item) => !item.value);
  field?.focus({ preventScroll: false });
});
